import type { ErrorClass, Failure } from "../api/error-class.ts";
import { CodedError } from "../kernel/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../oci/repository.ts";

/** A store could not answer. That is *its* result, never the request's (design 1). */
export class StoreError extends CodedError<`STORE_${Uppercase<string>}`> {
  readonly failure: Failure;
  /** Of `NotFound`: it may be there all the same and not be shown to this credential. That is no answer (design 6.2), least of all to what a tag means. */
  readonly isUnproven: boolean;
  constructor(failure: Failure, options: { readonly cause?: unknown; readonly isUnproven?: boolean } = {}) {
    super(`STORE_${failure.class.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() as Uppercase<string>}`, failure.message, {
      ...options,
      remedy: failure.class === "CredentialUnavailable" || failure.class === "UnsafeEndpoint" ? "fix-configuration" : "retry",
    });
    this.failure = failure;
    this.isUnproven = options.isUnproven ?? false;
  }
  get class(): ErrorClass {
    return this.failure.class;
  }
}

/** Where a Store reads the referrers of an image. Stores with equal keys read the same location, possibly with different credentials. */
export interface Location {
  /** `host[:port]/repository`, or `layout:<path>`: canonical. `http://…` where it is read in plain HTTP: who answers there need not be who answers in HTTPS. */
  readonly key: string;
  /** `host[:port]`, or the layout's path: for messages. */
  readonly host: string;
}

/** A manifest or index that a tag or digest names. */
export interface Resolved extends Descriptor {
  /** Of an index: every manifest that it names. Whatever marks one as no platform's is written by whoever pushed it, and a runtime may choose it all the same. */
  readonly platforms?: readonly Descriptor[];
}

/** Reads artifacts. Every method throws {@link StoreError} and nothing else but the signal's reason. Built for one Store object. */
export interface StoreReader {
  /**
   * The manifest that a tag or digest of the image's own repository (after `rewrite`; never the evidence repository) names, digest checked against the bytes.
   * `NotFound` if there is none; marked `isUnproven` where the repository itself is unknown, or not shown to this credential.
   */
  resolve(
    repository: Repository,
    reference: { readonly tag: string } | { readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<Resolved>;
  /** Referrers API, or the fallback tag. Ends without throwing exactly if the listing is complete (design 6.2: empty is proven, not assumed). */
  listReferrers(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor>;
  /** cosign's tag (`sha256-<hex>.sig`): belongs to the listing, asked only while the verdict is still open. Zero or one descriptor. */
  listTagged(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncIterable<Descriptor>;
  /** A manifest or blob of the location; length and digest checked, at most `descriptor.size` bytes are read. */
  fetch(repository: Repository, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
}

/** Active health checks: one per registry host that is written out in `scopes` (after `rewrite`), or the evidence repository's. */
export interface StoreProbe {
  /** Canonical `host[:port]`, sorted, ≤ 32. Empty for a store whose scopes are wildcards only. */
  endpoints(): readonly string[];
  /** Never throws but for the signal's reason. */
  probe(endpoint: string, signal: AbortSignal): Promise<EndpointObservation>;
}

/** What was just seen of one registry host by one Store, by a probe or by real traffic. */
export interface EndpointObservation {
  readonly endpoint: string;
  readonly source: "probe" | "traffic";
  /** Epoch ms. */
  readonly time: number;
  readonly latencyMs: number;
  /** Absent: success. */
  readonly failure?: Failure;
  /** The AuthProvider that was used; absent: none matched. */
  readonly authProvider?: string;
  /** Absent: not learnt from this request. */
  readonly referrersAPI?: "Supported" | "Unsupported";
}

export interface Store extends StoreReader, StoreProbe {
  readonly name: string;
  /** Pure: where the referrers of an image of `repository` would be read. */
  locate(repository: Repository): Location;
  /** Pure: equal for two stores on one location exactly if they would send the same credentials; then one of them is asked for both. */
  identity(repository: Repository): string;
  /**
   * Pure: the repositories that requests for this image may go to: first the one that evidence is read from, last the image's own (after `rewrite`),
   * which may be the same. None for a layout.
   */
  repositories(repository: Repository): readonly Repository[];
  /**
   * Pure: equal for two stores exactly if who is asked about the image's own repository is held to the same: by scheme, and by roots of trust. What one of them is
   * told of a tag is no word of who answers the other.
   */
  authority(repository: Repository): string;
}
