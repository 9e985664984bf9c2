import type { Failure } from "../api/error-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { VerificationResult } from "./verifier.ts";

/** One subject × the policies that apply. */
export type Verdict =
  | { readonly outcome: "allow"; readonly reasons: readonly string[] }
  | { readonly outcome: "deny"; readonly code: "NoValidSignature" | "NoStore" | "NotFound"; readonly reasons: readonly string[] }
  | { readonly outcome: "inconclusive"; readonly code: InconclusiveCode; readonly causes: readonly string[] };
export type InconclusiveCode =
  | "NotConfigured"
  | "StoreFailed"
  | "TagAmbiguous"
  | "SubjectUnresolved"
  | "VerifierNotReady"
  | "VerifierInconclusive"
  | "ArtifactUnreadable"
  | "LimitExceeded"
  | "Timeout";

/** How far the listing of one store got. */
export type ListingState = "Complete" | "Failed" | "NotAwaited" | "CoveredByOther";

export interface StoreReport {
  readonly name: string;
  /** `Location.key`; absent for an invalid store. */
  readonly location?: string;
  readonly evidence: "Required" | "Optional";
  readonly listing: ListingState;
  readonly artifacts: number;
  /** Also set beside `Complete` where something else went wrong (`ProtocolError`: other bytes than it named). */
  readonly failures: readonly Failure[];
  /** How long it was listed for; absent where nothing was asked of it. */
  readonly durationMs?: number;
}

export interface ArtifactReport {
  readonly digest: Digest;
  readonly artifactType: string;
  readonly size: number;
  /** The stores whose listing named it, sorted. */
  readonly heldBy: readonly string[];
  /** The store its content came from; absent if none had it. */
  readonly readFrom?: string;
  readonly results: readonly VerificationResult[];
}

export interface Report {
  readonly image: string;
  /** Absent when the subject could not be resolved. */
  readonly digest?: Digest;
  readonly verdict: Verdict;
  /** False as soon as anything that could have been asked was not, or failed. */
  readonly complete: boolean;
  /** Sorted by name. */
  readonly stores: readonly StoreReport[];
  /** Sorted by digest. */
  readonly artifacts: readonly ArtifactReport[];
  readonly viewRevision: string;
  readonly durationMs: number;
}
