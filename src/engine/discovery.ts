import type { Failure } from "../api/error-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { ResolutionState } from "./resolve-image.ts";
import type { InconclusiveCode } from "./report.ts";

/** What Stores say is attached to an image, or to an artifact; nothing of it has been read, let alone verified. */
export interface DiscoveredArtifact {
  readonly digest: Digest;
  /** As the listing says; absent where it does not. */
  readonly artifactType?: string;
  readonly mediaType: string;
  readonly size: number;
  /** It stands under cosign's tag. */
  readonly isTagged: boolean;
  /** The Stores whose listing named it, sorted. */
  readonly heldBy: readonly string[];
  /** Sorted by artifact type, then digest. */
  readonly referrers: readonly DiscoveredArtifact[];
  /** Why `referrers` says nothing: no Store goes so deep, or they stand elsewhere in the tree already. */
  readonly unlisted?: "BeyondDepth" | "ListedElsewhere";
}

/** `Complete`: it listed what hangs on every subject that it was asked about. `ListedByOther`: another one was asked in its place, with the same credential. */
export type DiscoveryState =
  | "Complete"
  | "Failed"
  | "ListedByOther"
  | "NotAwaited"
  | Exclude<ResolutionState, "Resolved" | "CoveredByOther">;

export interface StoreDiscovery {
  /** `name`, or `namespace/name`. */
  readonly name: string;
  /** `Location.key`; absent for an invalid Store. */
  readonly location?: string;
  readonly state: DiscoveryState;
  /** How many it named. */
  readonly artifacts: number;
  readonly failures: readonly Failure[];
}

export interface Discovery {
  readonly image: string;
  /** `complete`: every location was listed to its end, by some Store; `partial`: what stands there may not be all. */
  readonly outcome: "complete" | "partial" | "not-found" | "inconclusive";
  readonly digest?: Digest;
  /** With `inconclusive`: why it is not known what the image stands for; `NoStore`: nobody is there to be asked. */
  readonly code?: InconclusiveCode | "NoStore";
  /** One sentence. */
  readonly summary: string;
  readonly artifacts: readonly DiscoveredArtifact[];
  /** Sorted by name. */
  readonly stores: readonly StoreDiscovery[];
}
