import type { Truth } from "./kleene.ts";
import type { VerificationResult } from "./verifier.ts";
import type { ViewLeaf } from "./view.ts";

/** What has been found so far, as leaves see it. */
export interface Evidence {
  /** Every result so far of one verifier of the view. */
  results(verifier: string): readonly VerificationResult[];
  /**
   * Whether absence of a result of this verifier is proof: it is ready, every required location was listed to its end, every candidate that it could judge
   * was read and judged, no limit was hit, nothing is under way (design 6.5). `whole`: Stores with `evidence: Optional` count as well.
   */
  isComplete(verifier: string, extent: "required" | "whole"): boolean;
  /** What evaluating each expression came to; one that is not in it has not been evaluated. */
  readonly expressions: ReadonlyMap<string, Truth>;
}

type VerifierLeaf = Extract<ViewLeaf, { type: "verifier" }>;

/**
 * *True* as soon as enough stands, *false* only where absence is proof, else *unknown*. `every` is false as soon as one artifact is rejected, and true only on
 * whole evidence: were an Optional Store left out of it, its failure could hide the rejected artifact, and turn a denial into an admission.
 */
export function evaluateLeaf(leaf: ViewLeaf, evidence: Evidence): Truth {
  if (leaf.type === "expression") return evidence.expressions.get(leaf.expression) ?? "unknown";
  const results = evidence.results(leaf.verifier);
  // Nothing is never enough, whatever a policy says that no decoder lets through.
  const isEnough = leaf.atLeast >= 1 && countOf(leaf, results) >= leaf.atLeast;
  if (leaf.every && results.some(isRejected)) return "false";
  if (isEnough && (!leaf.every || evidence.isComplete(leaf.verifier, "whole"))) return "true";
  return !isEnough && evidence.isComplete(leaf.verifier, "required") ? "false" : "unknown";
}

/** How many stand: distinct signers, or distinct artifacts. */
export function countOf(leaf: VerifierLeaf, results: readonly VerificationResult[]): number {
  const verified = results.filter((result) => result.outcome === "verified");
  switch (leaf.count) {
    case "Artifacts":
      return new Set(verified.map((result) => result.artifact)).size;
    case "Signers":
      return new Set(verified.flatMap(({ signers }) => signers.map(({ id }) => id))).size;
  }
}

/** An attestation that is no signature was not found wanting as one: whoever attaches an SBOM must not spoil `every`. */
export function isRejected(result: VerificationResult): boolean {
  return result.outcome === "rejected" && result.reason !== "NotASignature";
}
