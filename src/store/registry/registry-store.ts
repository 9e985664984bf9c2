import type { RegistryStoreConfig, StoreSpecCommon } from "../../api/store.ts";
import { limitExceeded } from "../../engine/limits.ts";
import { type EndpointObservation, type Location, type Resolved, type Store, StoreError } from "../../engine/store.ts";
import type { Keychain, MaterialReader } from "../../keychain/ports.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { digestOf } from "../../oci/digest-of.ts";
import { isIndexMediaType, isManifestMediaType } from "../../oci/media-type.ts";
import { printRepository, registryOf, type Repository } from "../../oci/repository.ts";
import type { RegistryResponse } from "../../transport/request.ts";
import { type CaBundle, readCaBundle } from "./ca-bundle.ts";
import { type ClientDeps, RegistryClient, storeError } from "./client.ts";
import type { Contents } from "./contents.ts";
import { listReferrers, type ListingContext, listTagged } from "./listing.ts";
import { Locations, type Target } from "./locations.ts";
import { describeManifest, manifestRead } from "./manifest.ts";
import { Memory } from "./memory.ts";

export interface RegistryStoreDeps extends ClientDeps {
  /** Of the Store object. */
  readonly name: string;
  readonly keychain: Keychain;
  readonly material: MaterialReader;
  readonly spec: StoreSpecCommon;
  /** One for all Stores of the process. */
  readonly contents: Contents;
}

/** A ping's body is `{}` or a refusal, in bytes. */
const longestPing = 65_536;

/** Store of type `registry`: a distribution-spec v1.1.1 client. Synchronous, and asks nobody until a method is called. */
export function registryStore(config: RegistryStoreConfig, deps: RegistryStoreDeps): Store {
  return new RegistryStore(config, deps);
}

class RegistryStore implements Store {
  readonly name: string;
  readonly #deps: RegistryStoreDeps;
  readonly #locations: Locations;
  readonly #ca: CaBundle;
  readonly #client: RegistryClient;
  readonly #memory: Memory;
  readonly #endpoints: ReadonlyMap<string, Repository>;

  constructor(config: RegistryStoreConfig, deps: RegistryStoreDeps) {
    this.name = deps.name;
    this.#deps = deps;
    this.#locations = new Locations(config, deps.spec.scopes);
    this.#ca = readCaBundle(config.caBundleRef, deps.material);
    this.#client = new RegistryClient(deps, this.#ca);
    this.#memory = new Memory(deps.clock, deps.contents.open(deps.namespace));
    this.#endpoints = this.#locations.endpoints();
  }

  locate(repository: Repository): Location {
    const evidence = this.#locations.evidence(repository).repository;
    const isPlain = this.#deps.keychain.origin(evidence).startsWith("http://");
    return { key: `${isPlain ? "http://" : ""}${printRepository(evidence)}`, host: registryOf(evidence) };
  }

  /**
   * By provider and pattern, which one compile maps to the same secrets; and by CA bundle, without which one of two equal credentials may not get through.
   * Without a provider by namespace too: a Store of the cluster reaches what one of a namespace does not.
   */
  identity(repository: Repository): string {
    const selection = this.#deps.keychain.select(this.#locations.evidence(repository).repository);
    const selected = "provider" in selection ? [selection.provider, selection.pattern] : [this.#deps.namespace ?? ""];
    return JSON.stringify([selection.outcome, ...selected, this.#ca.identity]);
  }

  repositories(repository: Repository): readonly Repository[] {
    return this.#locations.repositories(repository);
  }

  authority(repository: Repository): string {
    return JSON.stringify([this.#deps.keychain.origin(this.#locations.image(repository).repository), this.#ca.identity]);
  }

  async resolve(
    repository: Repository,
    reference: { readonly tag: string } | { readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<Resolved> {
    const target = this.#locations.image(repository);
    const text = "tag" in reference ? reference.tag : reference.digest;
    const response = await this.#client.read(target, manifestRead(text), signal);
    if (response.status === 404) throw notThere(response, target, `${"tag" in reference ? "tag" : "manifest"} "${text}"`);
    const descriptor = describeManifest(response, target, "digest" in reference ? reference.digest : undefined);
    this.#memory.learnReadable(target.repository, response.sentAs);
    return descriptor;
  }

  listReferrers(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor> {
    return listReferrers(this.#listing(repository), subject.digest, signal);
  }

  listTagged(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor> {
    return listTagged(this.#listing(repository), subject.digest, signal);
  }

  async fetch(repository: Repository, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    const target = this.#locations.evidence(repository);
    const { digest, size, mediaType } = descriptor;
    const isManifest = isManifestMediaType(mediaType) || isIndexMediaType(mediaType);
    const { limits } = this.#deps.spec;
    const limit = isManifest ? "manifestBytes" : "blobBytes";
    if (size > limits[limit]) {
      const what = `${registryOf(target.repository)}: ${digest} has ${size} bytes`;
      throw new StoreError(limitExceeded(what, { limit, limits, store: this.name }));
    }
    const known = isManifest ? this.#memory.content(target.repository, digest) : undefined;
    if (known?.byteLength === size) return known;
    const read = isManifest ? manifestRead(digest) : { resource: ["blobs", digest] };
    const check = ({ status, body }: RegistryResponse): void => {
      if (status !== 404) this.#check(target, descriptor, body);
    };
    const response = await this.#client.read(target, { ...read, limitBytes: size, tooLong: "ProtocolError", check }, signal);
    if (response.status === 404) throw storeError("NotFound", target, `has no ${digest}`);
    this.#memory.learnReadable(target.repository, response.sentAs);
    return response.body;
  }

  endpoints(): readonly string[] {
    return [...this.#endpoints.keys()];
  }

  async probe(endpoint: string, signal: AbortSignal): Promise<EndpointObservation> {
    const repository = this.#endpoints.get(endpoint);
    const { clock } = this.#deps;
    if (repository === undefined)
      return {
        endpoint,
        source: "probe",
        time: clock.now(),
        latencyMs: 0,
        failure: { class: "Internal", message: `"${endpoint}" is no endpoint of this Store` },
      };
    const target: Target = { repository, isConfigured: true };
    const { observation, response } = await this.#client.attempt(
      target,
      { resource: [], limitBytes: longestPing },
      { source: "probe", signal },
    );
    const api = this.#memory.referrersAPI(repository);
    const known = { ...observation, ...(api !== undefined && { referrersAPI: api }) };
    const isForeign = response !== undefined && (response.status === 404 || isPage(response.body));
    if (!isForeign) return known;
    // distribution-spec v1.1.1 §determining-support: /v2/ is answered by whatever is a registry.
    const what = response.status === 404 ? "404" : "a page for people";
    return { ...known, failure: storeError("ProtocolError", target, `answers ${what} to /v2/: this is not a registry`).failure };
  }

  #listing(repository: Repository): ListingContext {
    const target = this.#locations.evidence(repository);
    const image = this.#locations.image(repository).repository;
    return {
      client: this.#client,
      memory: this.#memory,
      target,
      store: this.name,
      limits: this.#deps.spec.limits,
      holdsSubject: printRepository(image) === printRepository(target.repository),
    };
  }

  #check(target: Target, { digest, size }: Descriptor, bytes: Uint8Array): void {
    if (bytes.byteLength !== size)
      throw storeError("ProtocolError", target, `serves ${bytes.byteLength} bytes under ${digest}, which has ${size}`);
    if (digestOf(bytes, digest) !== digest) throw storeError("ProtocolError", target, `serves other bytes under ${digest}`);
  }
}

/** Only MANIFEST_UNKNOWN says that the repository is seen and has no such thing; of any other 404 it may be there and not be shown. */
function notThere({ errorCodes }: RegistryResponse, target: Target, what: string): StoreError {
  const isProven = errorCodes.includes("MANIFEST_UNKNOWN") && !errorCodes.includes("NAME_UNKNOWN");
  const detail = isProven
    ? `no ${what} in "${target.repository.segments.join("/")}"`
    : "no such repository, or this credential may not know of it";
  return new StoreError(storeError("NotFound", target, detail).failure, { isUnproven: !isProven });
}

/** HTML, whatever its Content-Type: what a 200 to /v2/ holds is not specified, and some registries send `true`, or nothing. */
function isPage(body: Uint8Array): boolean {
  return new TextDecoder().decode(body.subarray(0, 64)).trimStart().startsWith("<");
}
