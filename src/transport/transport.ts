import { keyOfId } from "../api/object.ts";
import type { Clock } from "../kernel/clock.ts";
import { type Logger, silentLogger } from "../kernel/logger.ts";
import { type Metrics, silentMetrics } from "../kernel/metrics.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import type { BoundCredential } from "../oci/credential.ts";
import { anonymous, type Authorization, basicAuthorization, bearerAuthorization } from "./authorization.ts";
import { parseChallenges } from "./challenge.ts";
import { parseErrorBody } from "./error-body.ts";
import { type Network, systemNetwork } from "./network.ts";
import { Pools } from "./pools.ts";
import { ownTokenService, parseScheme, sameScheme } from "./realm.ts";
import { Reader, type ReadResult } from "./reader.ts";
import { refusalOf, statusError } from "./refusal.ts";
import { hostOf, nextPage, type RegistryRequest, type RegistryResponse } from "./request.ts";
import { rootsKey } from "./roots.ts";
import { type KnownScheme, Schemes } from "./schemes.ts";
import { type TokenRequest, Tokens } from "./token.ts";
import { ServiceClient } from "./service-client.ts";
import { failed, TransportError } from "./transport-error.ts";
import { exchange, type WireOptions } from "./wire.ts";

export interface TransportOptions {
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** `countersign/<version>`; default `countersign`. */
  readonly userAgent?: string;
  /** A registry that points somewhere it may not (UnsafeEndpoint) is worth a line. */
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Default: DNS and TCP of this machine. */
  readonly network?: Network;
  /** Name, TCP and TLS; default 3000 ms. */
  readonly connectTimeoutMs?: number;
  /** Default 5000 ms. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of a body; default 5000 ms. */
  readonly idleTimeoutMs?: number;
  /** Per origin; default 64: 32 cold verifications with two requests each. */
  readonly connections?: number;
}

/** As the kubelet: three credentials at most are tried for one request (design 3). */
const mostCredentials = 3;
/** 401s that are answered with something new: a scheme learnt, a token renewed, a scheme that has changed. */
const mostRounds = 3;

interface Attempt {
  readonly result: ReadResult;
  readonly authorization: Authorization | undefined;
}

/** Reads from registries. The one place that puts a credential on the wire (registry-auth.md H1–H16). Opens nothing before the first request. */
export class Transport implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #pools: Pools;
  readonly #reader: Reader;
  readonly #tokens: Tokens;
  readonly #schemes = new Schemes();
  readonly #pings = new SingleFlight<string, KnownScheme>();
  /** For services of clouds: the same connections and guards, without a registry's rules. */
  readonly service: ServiceClient;
  readonly #logger: Logger;
  readonly #count: (outcome: string) => void;

  constructor(options: TransportOptions) {
    const { clock } = options;
    this.#clock = clock;
    this.#logger = options.logger ?? silentLogger;
    this.#pools = new Pools({
      clock,
      network: options.network ?? systemNetwork,
      connectTimeoutMs: options.connectTimeoutMs ?? 3000,
      connections: options.connections ?? 64,
    });
    const wire: WireOptions = {
      clock,
      pools: this.#pools,
      userAgent: options.userAgent ?? "countersign",
      headersTimeoutMs: options.headersTimeoutMs ?? 5000,
      idleTimeoutMs: options.idleTimeoutMs ?? 5000,
    };
    this.service = new ServiceClient(wire);
    this.#reader = new Reader({ wire, random: options.random });
    this.#tokens = new Tokens({ clock, send: (request, signal) => exchange(request, wire, signal) });
    const counter = (options.metrics ?? silentMetrics).counter(
      "countersign_registry_requests_total",
      "Reads from registries by outcome: Success, NotFound, or another error class",
      ["outcome"],
    );
    this.#count = (outcome) => counter.add(1, { outcome });
  }

  /**
   * Sends with the credentials of the request's access, in their order, to its origin and nowhere else. 2xx and 404 are answers; every other status throws.
   * @throws TransportError, or the signal's reason once it has aborted
   */
  async send(request: RegistryRequest, signal: AbortSignal): Promise<RegistryResponse> {
    signal.throwIfAborted();
    try {
      const response = await this.#tryCredentials(request, signal);
      this.#count(response.status === 404 ? "NotFound" : "Success");
      return response;
    } catch (error) {
      if (error instanceof TransportError) {
        this.#count(error.class);
        if (error.class === "UnsafeEndpoint")
          this.#logger.warn("A registry points somewhere it may not; nothing was sent there", { reason: error.message });
        throw error;
      }
      signal.throwIfAborted();
      // A defect of ours, or the end of a shared exchange: its own text may say anything.
      this.#count("Internal");
      throw failed("Internal", hostOf(request.access.origin), "the request failed");
    }
  }

  /** Ends every connection; what is under way fails. */
  async close(): Promise<void> {
    await this.#pools.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #tryCredentials(request: RegistryRequest, signal: AbortSignal): Promise<RegistryResponse> {
    const { access } = request;
    const budget = { retries: 1 };
    if (access.credentials.length === 0)
      return this.#answer(request, await this.#attempt(request, { credential: undefined, budget }, signal));
    let refusal: TransportError | undefined;
    for (const credential of this.#ordered(request)) {
      try {
        const { attempt, sentAs } = await this.#attemptRenewed(request, { credential, budget }, signal);
        this.#schemes.accept(request, sentAs);
        return this.#answer(request, attempt);
      } catch (error) {
        // No falling through to anonymous, and on nothing but a refusal to the next (design 3).
        if (!(error instanceof TransportError) || (error.status !== 401 && error.status !== 403)) throw error;
        refusal = error;
      }
    }
    this.#schemes.forgetAccepted(request);
    throw refusal ?? failed("Internal", hostOf(access.origin), "no credential was tried");
  }

  /** A refused credential may only be too old: who gave it is asked once for another (registry-auth.md H14). */
  async #attemptRenewed(
    request: RegistryRequest,
    { credential, budget }: { readonly credential: BoundCredential; readonly budget: { retries: number } },
    signal: AbortSignal,
  ): Promise<{ readonly attempt: Attempt; readonly sentAs: string }> {
    try {
      return { attempt: await this.#attempt(request, { credential, budget }, signal), sentAs: credential.identity };
    } catch (error) {
      const { renew } = request.access;
      if (renew === undefined || !(error instanceof TransportError) || error.class !== "AuthenticationFailed") throw error;
      const fresh = await this.#renewed(renew, credential, signal);
      if (fresh === undefined) throw error;
      return { attempt: await this.#attempt(request, { credential: fresh, budget }, signal), sentAs: fresh.identity };
    }
  }

  /** Undefined where there is none, for whatever reason: the refusal is what then counts, and the AuthProvider's status says why. */
  async #renewed(
    renew: NonNullable<RegistryRequest["access"]["renew"]>,
    credential: BoundCredential,
    signal: AbortSignal,
  ): Promise<BoundCredential | undefined> {
    try {
      const fresh = await renew(credential, signal);
      return fresh?.origin === credential.origin && fresh.identity !== credential.identity ? fresh : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  #ordered(request: RegistryRequest): readonly BoundCredential[] {
    const credentials = request.access.credentials.slice(0, mostCredentials);
    const accepted = this.#schemes.accepted(request);
    return credentials.toSorted((a, b) => Number(b.identity === accepted) - Number(a.identity === accepted));
  }

  async #attempt(
    request: RegistryRequest,
    { credential, budget }: { readonly credential: BoundCredential | undefined; readonly budget: { retries: number } },
    signal: AbortSignal,
  ): Promise<Attempt> {
    const own = credential?.tokenPath === undefined ? undefined : ownTokenService(request.access, credential.tokenPath);
    let scheme = own ?? this.#schemes.get(request);
    if (scheme === undefined && credential !== undefined) scheme = await this.#learn(request, signal);
    for (let round = 1; ; round += 1) {
      const authorization = await this.#authorize(request, { scheme, credential }, signal);
      const result = await this.#reader.read(request, { authorization, budget }, signal);
      const { response, isInside } = result;
      const body = response.status >= 400 ? parseErrorBody(response.body) : undefined;
      const isExpiredToken = body?.isExpiredToken === true && authorization !== undefined;
      const isUnauthorized = response.status === 401 || isExpiredToken;
      if (!isUnauthorized && (response.status !== 403 || body?.codes.includes("TOOMANYREQUESTS") === true))
        return { result, authorization };
      const { status } = response;
      // Whoever we were sent to may not ask for the credential of who sent us (H3, H4).
      if (!isInside)
        throw failed(
          status === 403 ? "AuthorizationDenied" : "AuthenticationFailed",
          hostOf(request.access.origin),
          `the place that it redirects to refused (${status})`,
        );
      const refusal = refusalOf(request, { status, isExpiredToken, credential, sent: authorization !== undefined });
      if (!isUnauthorized || round === mostRounds) throw refusal;
      const asked = own !== undefined ? own : status === 401 ? parseScheme(parseChallenges(response.challenges), request.access) : scheme;
      if (asked === undefined) throw refusal;
      const isNew = !sameScheme(scheme?.kind === "none" ? undefined : scheme, asked.kind === "none" ? undefined : asked);
      if (own === undefined) this.#schemes.set(request, asked);
      if (authorization?.cached === true && asked.kind === "bearer")
        this.#tokens.drop(tokenRequest(request, { scheme: asked, credential }), authorization);
      else if (!isNew) throw refusal;
      if (credential === undefined && asked.kind === "basic") throw refusal;
      scheme = asked;
    }
  }

  /** Asks `/v2/` without a credential what it wants: a first request would be refused anyway, and whatever else it answered would not be meant for us. */
  async #learn(request: RegistryRequest, signal: AbortSignal): Promise<KnownScheme> {
    const { access } = request;
    const key = JSON.stringify([access.tenant ?? "", access.origin, access.tokenHosts, access.reach, rootsKey(access.caPem)]);
    return await this.#pings.run(
      key,
      async (own) => {
        const ping: RegistryRequest = { access, method: "GET", repository: [], resource: [], limitBytes: 65_536 };
        const { response, isInside } = await this.#reader.read(ping, { authorization: undefined, budget: { retries: 1 } }, own);
        if (response.status === 429 || response.status >= 500)
          throw statusError(hostOf(access.origin), response, { now: this.#clock.now(), body: parseErrorBody(response.body) });
        const asked = response.status === 401 && isInside ? parseScheme(parseChallenges(response.challenges), access) : undefined;
        const scheme = asked ?? { kind: "none" as const };
        this.#schemes.set(ping, scheme);
        return scheme;
      },
      signal,
    );
  }

  async #authorize(
    request: RegistryRequest,
    { scheme, credential }: { readonly scheme: KnownScheme | undefined; readonly credential: BoundCredential | undefined },
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    if (scheme === undefined || scheme.kind === "none") return undefined;
    if (scheme.kind === "bearer") {
      if (credential?.scheme === "bearer") return bearerAuthorization(credential);
      return await this.#tokens.authorize(tokenRequest(request, { scheme, credential }), signal);
    }
    if (credential === undefined) return undefined;
    if (credential.scheme === "basic") return basicAuthorization(credential);
    throw failed(
      "AuthenticationFailed",
      hostOf(request.access.origin),
      `wants a user and a password, and the credential of ${keyOfId("AuthProvider", credential.provider)} is a token`,
      { status: 401 },
    );
  }

  #answer(request: RegistryRequest, { result, authorization }: Attempt): RegistryResponse {
    const { response, isInside, url, latencyMs } = result;
    const host = hostOf(request.access.origin);
    const isFound = response.status >= 200 && response.status < 300;
    const body = isFound ? undefined : parseErrorBody(response.body);
    if (body !== undefined && response.status !== 404 && request.answers?.includes(response.status) !== true)
      throw statusError(host, response, { now: this.#clock.now(), body });
    // Not the registry's own answer: nothing may be concluded from it.
    if (body !== undefined && !isInside)
      throw failed("NotFound", host, `the place that it redirects to knows nothing of it (${response.status})`);
    const next = isFound && isInside ? nextPage(request, response.headers.get("link"), url) : undefined;
    return {
      status: response.status,
      headers: response.headers,
      body: response.body,
      errorCodes: body?.codes ?? [],
      sentAs: authorization?.sentAs ?? anonymous,
      latencyMs,
      ...(next !== undefined && { next }),
    };
  }
}

function tokenRequest(request: RegistryRequest, { scheme, credential }: Pick<TokenRequest, "scheme" | "credential">): TokenRequest {
  return { scheme, access: request.access, credential, repository: request.repository };
}
