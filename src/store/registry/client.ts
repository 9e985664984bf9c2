import { boundedMessage } from "../../api/diagnostic.ts";
import type { Failure } from "../../api/error-class.ts";
import { type EndpointObservation, StoreError } from "../../engine/store.ts";
import type { Clock } from "../../kernel/clock.ts";
import { CredentialUnavailableError, type Keychain, type Resolved } from "../../keychain/ports.ts";
import { apiAuthority, registryOf } from "../../oci/repository.ts";
import type { Reach } from "../../transport/address.ts";
import type { RegistryRequest, RegistryResponse } from "../../transport/request.ts";
import type { Transport } from "../../transport/transport.ts";
import { TransportError } from "../../transport/transport-error.ts";
import type { CaBundle } from "./ca-bundle.ts";
import type { Target } from "./locations.ts";
import type { ReferrersAPI } from "./memory.ts";

/** What is read, below `/v2/<repository>/`; an empty `resource` is `/v2/` itself. */
export interface Read extends Pick<RegistryRequest, "resource" | "query" | "accept" | "limitBytes" | "tooLong" | "answers"> {
  readonly method?: "GET" | "HEAD";
  /** What the answer says of the referrers API, for the observation. */
  readonly learn?: (response: RegistryResponse) => ReferrersAPI | undefined;
  /** False: this answer says nothing of the host or the credential, and is not observed. Default: every answer does. */
  readonly isTelling?: (response: RegistryResponse) => boolean;
  /** What a 200 is, if it can only be JSON: a page that asks to log in is then what is observed, and not a success. Nobody who may push can bring that about. */
  readonly json?: string;
  /** Throws StoreError where no registry may answer so: then that is what is observed, and not a success. */
  readonly check?: (response: RegistryResponse) => void;
}

export interface ClientDeps {
  /** Of the Store; absent: cluster-scoped. */
  readonly namespace?: string;
  readonly keychain: Keychain;
  readonly transport: Transport;
  readonly observe: (observation: EndpointObservation) => void;
  readonly clock: Clock;
}

/** A caller's deadline that strikes sooner says nothing about the registry, in ms. */
const shortestBlameMs = 1000;

/** Asks for the credential, sends, reports what was seen of the host, and speaks StoreError. */
export class RegistryClient {
  readonly #deps: ClientDeps;
  readonly #ca: CaBundle;

  constructor(deps: ClientDeps, ca: CaBundle) {
    this.#deps = deps;
    this.#ca = ca;
  }

  /** @throws StoreError, or the signal's reason */
  async read(target: Target, read: Read, signal: AbortSignal): Promise<RegistryResponse> {
    const { observation, response } = await this.attempt(target, read, { source: "traffic", signal });
    if (response !== undefined) {
      this.#check(target, read, { observation, response });
      return response;
    }
    this.#deps.observe(observation);
    throw new StoreError(observation.failure ?? { class: "Internal", message: "No answer and no failure" });
  }

  #check(
    target: Target,
    read: Read,
    { observation, response }: { readonly observation: EndpointObservation; readonly response: RegistryResponse },
  ): void {
    try {
      read.check?.(response);
      if (read.json !== undefined && response.status === 200 && !isBraced(response.body))
        throw storeError("ProtocolError", target, `${read.json} is not JSON: what answered is not a registry`);
    } catch (error) {
      if (error instanceof StoreError) this.#deps.observe({ ...observation, failure: error.failure });
      throw error;
    }
    if (read.isTelling?.(response) !== false) this.#deps.observe(observation);
  }

  /** The next page of a listing, which the transport has checked. */
  async next(target: Target, request: RegistryRequest, signal: AbortSignal): Promise<RegistryResponse> {
    const { resource, query, accept, limitBytes } = request;
    return await this.read(
      target,
      { resource, limitBytes, json: "a page of a list", ...(query !== undefined && { query }), ...(accept !== undefined && { accept }) },
      signal,
    );
  }

  /** One read with what it showed of the host; throws for nothing but the signal's reason, and then reports a registry that let the time run out. */
  async attempt(
    target: Target,
    read: Read,
    { source, signal }: { readonly source: EndpointObservation["source"]; readonly signal: AbortSignal },
  ): Promise<{ readonly observation: EndpointObservation; readonly response?: RegistryResponse }> {
    const { clock, keychain, transport } = this.#deps;
    const started = clock.monotonic();
    const seen = (
      failure: Failure | undefined,
      provider: string | undefined,
      latencyMs = clock.monotonic() - started,
    ): EndpointObservation => ({
      endpoint: registryOf(target.repository),
      source,
      time: clock.now(),
      latencyMs,
      ...(failure !== undefined && { failure }),
      ...(provider !== undefined && { authProvider: provider }),
    });
    let provider: string | undefined;
    try {
      if (this.#ca.failure !== undefined) return { observation: seen(this.#ca.failure, undefined) };
      const resolved = await keychain.resolve(target.repository, signal);
      provider = resolved.provider;
      const response = await transport.send(this.#request(target, read, resolved), signal);
      const referrersAPI = read.learn?.(response);
      return {
        observation: { ...seen(undefined, provider, response.latencyMs), ...(referrersAPI !== undefined && { referrersAPI }) },
        response,
      };
    } catch (error) {
      if (signal.aborted) {
        if (source === "traffic" && isTimeout(signal.reason) && clock.monotonic() - started >= shortestBlameMs) {
          const message = `${apiAuthority(target.repository)}: no answer within the time that this Store has`;
          this.#deps.observe(seen({ class: "Timeout", message }, provider));
        }
        throw signal.reason;
      }
      return { observation: seen(failureOf(error, apiAuthority(target.repository)), provider ?? this.#provider(target)) };
    }
  }

  /** The provider that has no credential to give. */
  #provider(target: Target): string | undefined {
    const selection = this.#deps.keychain.select(target.repository);
    return "provider" in selection ? selection.provider : undefined;
  }

  #request(target: Target, read: Read, resolved: Resolved): RegistryRequest {
    const { origin, credentials, tokenHosts, identity, provider, renew } = resolved;
    const { resource, query, accept, limitBytes, tooLong, answers } = read;
    return {
      access: {
        origin,
        credentials,
        ...(renew !== undefined && { renew }),
        tokenHosts,
        identity,
        get note() {
          return resolved.note;
        },
        reach: this.#reach(target, provider),
        ...(this.#deps.namespace !== undefined && { tenant: this.#deps.namespace }),
        ...(this.#ca.failure === undefined && this.#ca.pem !== undefined && { caPem: this.#ca.pem }),
      },
      method: read.method ?? "GET",
      repository: resource.length === 0 ? [] : target.repository.segments,
      resource,
      limitBytes,
      ...(query !== undefined && { query }),
      ...(accept !== undefined && { accept }),
      ...(tooLong !== undefined && { tooLong }),
      ...(answers !== undefined && { answers }),
    };
  }

  #reach({ isConfigured }: Target, provider: string | undefined): Reach {
    // What a namespace's own objects name, nobody has vouched for: else whoever may write them chooses which address inside is asked.
    if (this.#deps.namespace !== undefined) return provider === undefined || provider.includes("/") ? "tenant" : "registry";
    // `"*"` alone names nobody: whoever writes an image reference would else choose (registry-auth.md H9).
    return isConfigured || provider !== undefined ? "registry" : "public";
  }
}

/** An object's braces, whatever is between them: what is in JSON and broken is not the host's disgrace, for pushers may have shaped it. */
function isBraced(body: Uint8Array): boolean {
  const text = new TextDecoder();
  return text.decode(body.subarray(0, 64)).trimStart().startsWith("{") && text.decode(body.subarray(-64)).trimEnd().endsWith("}");
}

/** A failure of a Store at one repository, in its own words. */
export function storeError(failureClass: Failure["class"], target: Target, detail: string): StoreError {
  return new StoreError({ class: failureClass, message: boundedMessage(`${registryOf(target.repository)}: ${detail}`) });
}

function failureOf(error: unknown, host: string): Failure {
  if (error instanceof TransportError) return error.failure;
  if (error instanceof CredentialUnavailableError) {
    const { class: failureClass, message, retryAt } = error;
    return { class: failureClass, message: boundedMessage(`${host}: ${message}`), ...(retryAt !== undefined && { retryAt }) };
  }
  // A defect of ours: its text may quote anything.
  return { class: "Internal", message: boundedMessage(`${host}: the request could not be made`) };
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
