import type { Failure } from "../api/error-class.ts";
import type { Count, Enforcement, OnInconclusive } from "../api/policy.ts";
import type { Digest } from "../oci/digest.ts";
import type { Truth } from "./kleene.ts";
import type { VerificationResult } from "./verifier.ts";

/** One subject × the policies that apply. */
export type Verdict =
  | { readonly outcome: "allow"; readonly reasons: readonly string[] }
  | { readonly outcome: "deny"; readonly code: DenyCode; readonly reasons: readonly string[] }
  | { readonly outcome: "inconclusive"; readonly code: InconclusiveCode; readonly causes: readonly string[] };
export type DenyCode = "NoValidSignature" | "PolicyNotSatisfied" | "TagRefused" | "NoStore" | "NotFound";
export type InconclusiveCode =
  | "NotConfigured"
  | "PolicyInvalid"
  | "StoreFailed"
  | "TagAmbiguous"
  | "SubjectUnresolved"
  | "VerifierNotReady"
  | "VerifierInconclusive"
  | "ArtifactUnreadable"
  | "ExpressionFailed"
  | "LimitExceeded"
  | "Timeout"
  | "Busy";

/** How far the listing of one store got. */
export type ListingState = "Complete" | "Failed" | "NotAwaited" | "CoveredByOther";

export interface StoreReport {
  /** `name`, or `namespace/name`. */
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
  /** What it refers to: the image, or another artifact (a signature on an SBOM). */
  readonly subject: Digest;
  readonly artifactType: string;
  readonly mediaType: string;
  readonly size: number;
  /** The stores whose listing named it, sorted. */
  readonly heldBy: readonly string[];
  /** The store its content came from; absent if none had it. */
  readonly readFrom?: string;
  readonly results: readonly VerificationResult[];
}

export interface PolicyReport {
  /** `Policy/name`, `NamespacedPolicy/namespace/name`, or `built-in policy`. */
  readonly name: string;
  readonly enforcement: Enforcement;
  readonly onInconclusive: OnInconclusive;
  readonly outcome: Verdict["outcome"];
  /** Why, in one sentence. */
  readonly reason: string;
  /** What let the image through whatever was found. */
  readonly exception?: { readonly reason: string; readonly expirationTime: number };
  readonly requirements: readonly RequirementReport[];
}
export interface RequirementReport {
  readonly name?: string;
  readonly value: Truth;
  /** One of them has to hold. */
  readonly leaves: readonly LeafReport[];
}
export type LeafReport = { readonly value: Truth; readonly reason: string } & (
  | {
      readonly verifier: string;
      readonly atLeast: number;
      readonly count: Count;
      readonly every: boolean;
      /** How many stand. */
      readonly has: number;
      /** Names of the signers that stand, sorted. */
      readonly signers: readonly string[];
    }
  | { readonly expression: string }
);

export interface Report {
  readonly image: string;
  /** Absent when the subject could not be resolved. */
  readonly digest?: Digest;
  readonly verdict: Verdict;
  /** The shortest sentence that is true. */
  readonly summary: string;
  /** False as soon as anything that could have been asked was not, or failed. */
  readonly complete: boolean;
  /** With `inconclusive`: what a door makes of it, by the strictest of the policies that are open. */
  readonly onInconclusive?: OnInconclusive;
  /** Epoch ms: the verdict stands on an exception that ends then. */
  readonly validUntil?: number;
  /** The cluster's first, each sorted by name. */
  readonly policies: readonly PolicyReport[];
  /** Sorted by name. */
  readonly stores: readonly StoreReport[];
  /** Sorted by subject (the image's first), then digest. */
  readonly artifacts: readonly ArtifactReport[];
  readonly viewRevision: string;
  readonly durationMs: number;
}
