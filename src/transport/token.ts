import { keyOfId } from "../api/object.ts";
import type { ErrorClass } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import { FairCache, type FairCacheOptions } from "../kernel/fair-cache.ts";
import { parseRetryAfter } from "../kernel/retry-after.ts";
import { Secret } from "../kernel/secret.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import type { BoundCredential } from "../oci/credential.ts";
import { parseJSON, asObject, field } from "../oci/json.ts";
import { anonymous, type Authorization, basicAuthorization } from "./authorization.ts";
import type { Route } from "./pools.ts";
import type { BearerScheme } from "./realm.ts";
import { type Access, foreignRoute, hostOf, ownRoute } from "./request.ts";
import { parseErrorBody } from "./error-body.ts";
import { rootsKey } from "./roots.ts";
import { TransportError } from "./transport-error.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/** What a token is asked for. */
export interface TokenRequest {
  readonly scheme: BearerScheme;
  readonly access: Access;
  /** Absent: anonymously. */
  readonly credential: BoundCredential | undefined;
  /** Path segments of the one repository that may be pulled; empty: no scope, for `/v2/`. */
  readonly repository: readonly string[];
}

export interface TokensOptions {
  readonly clock: Clock;
  readonly send: (request: WireRequest, signal: AbortSignal) => Promise<WireResponse>;
}

interface CachedToken {
  readonly header: Secret;
  /** Epoch ms. */
  readonly useUntil: number;
}

/** Least recently used go first. */
const mostTokens = 4096;
/** Of all tokens together, in characters: each is a few KiB, but a hostile service may make each as long as its answer may be. */
const mostCharacters = 16 * 1024 * 1024;
/** Of the cluster's own, and once more of all namespaces together: they cannot push out what the cluster keeps, nor one of them what another does. */
const bounds: FairCacheOptions<CachedToken> = {
  max: mostTokens,
  maxSize: mostCharacters,
  sizeOf: ({ header }, key) => header.reveal().length + key.length,
};
/** go-containerregistry's maxTokenBodySize, in bytes. */
const longestBody = 65_536;
/** A whole exchange, whoever waits for it, in ms. */
const exchangeTimeoutMs = 10_000;
/** distribution, docs/spec/auth/token.md: absent means 60 s, and less is read as 60 s. More than a day is not believed. */
const shortestSeconds = 60;
const longestSeconds = 86_400;
/** A registry's clock may differ this much before our own is believed instead, in ms. */
const skewMs = 300_000;
/** RFC 6749 §2.2: required by the token service for POST; public. */
const clientId = "countersign";

/**
 * Tokens of registries' token services, by credential, origin, service and scope: fetched once however many ask, kept until shortly before they
 * expire, dropped when a registry refuses one. Only `repository:<own>:pull` is ever asked for, whatever a challenge names (H7).
 */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #cluster = new FairCache<CachedToken>(bounds);
  readonly #tenants = new FairCache<CachedToken>(bounds);
  readonly #flights = new SingleFlight<string, CachedToken>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** @throws TransportError whose `status` is the token service's where that refused the credential */
  async authorize(request: TokenRequest, signal: AbortSignal): Promise<Authorization> {
    const key = keyOf(request);
    const { clock } = this.#options;
    const cache = this.#cacheOf(request);
    const known = cache.get(key);
    if (known !== undefined && clock.now() < known.useUntil) return bind(request, known, true);
    const token = await this.#flights.run(
      key,
      async (own) => {
        using deadline = clock.deadline(exchangeTimeoutMs, own);
        const fresh = await this.#exchange(request, deadline.signal);
        cache.set(key, fresh, request.access.tenant ?? "");
        return fresh;
      },
      signal,
    );
    return bind(request, token, false);
  }

  /** After a 401: forgets the token that was refused, and only that one, so that of many who come at once just the first has it fetched anew (H14). */
  drop(request: TokenRequest, refused: Authorization): void {
    const key = keyOf(request);
    const cache = this.#cacheOf(request);
    if (cache.get(key)?.header === refused.header) cache.delete(key);
  }

  #cacheOf({ access }: TokenRequest): FairCache<CachedToken> {
    return access.tenant === undefined ? this.#cluster : this.#tenants;
  }

  async #exchange(request: TokenRequest, signal: AbortSignal): Promise<CachedToken> {
    const { credential } = request;
    try {
      if (credential?.scheme !== "refreshToken") return await this.#get(request, credential, signal);
      const posted = await this.#post(request, credential, signal);
      // distribution's oauth.md allows for services without POST; some answer 400 or 401 (ACR, JFrog). Without a user name there is nothing to GET
      // with, and asking without a credential instead would be a silent fall to anonymous.
      if (posted !== undefined) return posted;
      if (credential.username === undefined)
        throw this.#refused(request, { class: "AuthenticationFailed", detail: "does not exchange refresh tokens", status: 401 });
      return await this.#get(request, credential, signal);
    } catch (error) {
      if (signal.aborted && signal.reason instanceof DOMException && signal.reason.name === "TimeoutError")
        throw this.#refused(request, { class: "Timeout", detail: `gave no token within ${exchangeTimeoutMs} ms` });
      throw error;
    }
  }

  async #get(request: TokenRequest, credential: BoundCredential | undefined, signal: AbortSignal): Promise<CachedToken> {
    const url = new URL(request.scheme.realm);
    if (request.scheme.service !== undefined) url.searchParams.set("service", request.scheme.service);
    url.searchParams.delete("scope");
    const scope = scopeOf(request.repository);
    if (scope !== undefined) url.searchParams.set("scope", scope);
    const header = credential === undefined ? undefined : basicAuthorization(credential).header;
    const response = await this.#options.send(
      { ...wireRequest(request, url), method: "GET", ...(header !== undefined && { tokenServiceHeader: header }) },
      signal,
    );
    return this.#read(request, response);
  }

  /** Undefined where the service has to be asked by GET instead. */
  async #post(request: TokenRequest, credential: BoundCredential, signal: AbortSignal): Promise<CachedToken | undefined> {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: clientId });
    if (request.scheme.service !== undefined) form.set("service", request.scheme.service);
    const scope = scopeOf(request.repository);
    if (scope !== undefined) form.set("scope", scope);
    form.set("refresh_token", credential.secret.reveal());
    const response = await this.#options.send(
      { ...wireRequest(request, request.scheme.realm), method: "POST", form: form.toString() },
      signal,
    );
    const { status } = response;
    if (status === 404 || status === 405) return undefined;
    if ((status === 400 || status === 401) && credential.username !== undefined) return undefined;
    return this.#read(request, response);
  }

  #read(request: TokenRequest, response: WireResponse): CachedToken {
    const { status } = response;
    if (status !== 200) throw this.#statusError(request, response);
    const json = parseJSON(response.body, "The token", { bytes: longestBody, depth: 8 });
    const object = json.ok ? asObject(json.value) : undefined;
    const token = object === undefined ? undefined : (text(field(object, "token")) ?? text(field(object, "access_token")));
    if (object === undefined || token === undefined || !/^[\x21-\x7e]+$/.test(token))
      throw this.#refused(request, { class: "ProtocolError", detail: "answered without a token" });
    return { header: new Secret(`Bearer ${token}`), useUntil: useUntil(object, this.#options.clock.now()) };
  }

  #statusError(request: TokenRequest, response: WireResponse): TransportError {
    const { status } = response;
    if (status >= 300 && status < 400)
      return this.#refused(request, { class: "UnsafeEndpoint", detail: "redirects, which is never followed", status });
    const refusal = { detail: `answered ${status}`, status };
    if (status === 429) {
      const retryAt = parseRetryAfter(response.headers.get("retry-after"), this.#options.clock.now());
      return this.#refused(request, { class: "RateLimited", ...refusal, ...(retryAt !== undefined && { retryAt }) });
    }
    if (status === 400 || status === 401 || parseErrorBody(response.body).isExpiredToken)
      return this.#refused(request, { class: "AuthenticationFailed", ...refusal, status: 401 });
    if (status === 403) return this.#refused(request, { class: "AuthorizationDenied", ...refusal });
    return this.#refused(request, { class: status >= 500 ? "ServerError" : "ProtocolError", ...refusal });
  }

  #refused(
    request: TokenRequest,
    refusal: { readonly class: ErrorClass; readonly detail: string; readonly status?: number; readonly retryAt?: number },
  ): TransportError {
    const { access, credential, scheme } = request;
    const who =
      credential === undefined
        ? (access.note ?? "sent without a credential")
        : `for the credential of ${keyOfId("AuthProvider", credential.provider)}`;
    const service = scheme.sameOrigin ? "its token service" : `its token service at "${scheme.realm.host}"`;
    const isRefusal = refusal.class === "AuthenticationFailed" || refusal.class === "AuthorizationDenied";
    const message = `${hostOf(access.origin)}: ${service} ${refusal.detail}${isRefusal ? `; ${who}` : ""}`;
    return new TransportError(
      { class: refusal.class, message, ...(refusal.retryAt !== undefined && { retryAt: refusal.retryAt }) },
      refusal.status === undefined ? {} : { status: refusal.status },
    );
  }
}

function wireRequest(request: TokenRequest, url: URL): Omit<WireRequest, "method"> {
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    route: routeOf(request),
    accept: ["application/json"],
    limitBytes: longestBody,
    tooLong: "ProtocolError",
  };
}

/** The registry's own roots and network only on its own origin; a declared host may be private; a pair that is built in may not (H9, H11). */
function routeOf({ scheme, access }: TokenRequest): Route {
  if (scheme.sameOrigin) return ownRoute(access);
  return scheme.declared ? { ...foreignRoute(access), reach: "registry" } : foreignRoute(access);
}

function scopeOf(repository: readonly string[]): string | undefined {
  return repository.length === 0 ? undefined : `repository:${repository.join("/")}:pull`;
}

function keyOf({ scheme, access, credential, repository }: TokenRequest): string {
  const who = credential === undefined ? anonymous : `${credential.identity} ${credential.revision}`;
  return JSON.stringify([
    access.tenant ?? "",
    who,
    access.origin,
    rootsKey(access.caPem),
    scheme.realm.href,
    scheme.service ?? "",
    repository.join("/"),
  ]);
}

function bind({ access, credential, repository }: TokenRequest, token: CachedToken, cached: boolean): Authorization {
  return {
    header: token.header,
    origin: access.origin,
    pathPrefixes: credential?.pathPrefixes ?? (repository.length === 0 ? [] : [`/v2/${repository.join("/")}/`]),
    sentAs: credential?.identity ?? anonymous,
    cached,
  };
}

/** `issued_at + expires_in`, less 20 % and 30 s at most; epoch ms. */
function useUntil(object: Readonly<Record<string, unknown>>, now: number): number {
  const stated = field(object, "expires_in");
  const seconds =
    typeof stated === "number" && Number.isFinite(stated) ? Math.min(Math.max(stated, shortestSeconds), longestSeconds) : shortestSeconds;
  const issuedAt = Date.parse(text(field(object, "issued_at")) ?? "");
  const from = Number.isNaN(issuedAt) || Math.abs(issuedAt - now) > skewMs ? now : issuedAt;
  const lifeMs = seconds * 1000;
  return from + lifeMs - Math.min(30_000, lifeMs * 0.2);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
