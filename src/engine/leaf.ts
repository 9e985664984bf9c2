import { type Truth, or } from "./kleene.ts";
import type { VerificationResult } from "./verifier.ts";

/** What has been found so far, as a leaf sees it. */
export interface Evidence {
  /** Every result so far, of every artifact and verifier. */
  readonly results: readonly VerificationResult[];
  /**
   * Every required location listed to its end, every candidate read, every applicable verifier conclusive, no limit hit, every named object ready
   * (design 6.5). Only then is absence proof.
   */
  readonly complete: boolean;
}

/** A requirement on one Verifier: enough of its verified results stand, counted by distinct signer. */
export interface Leaf {
  readonly verifier: string;
  /** At least 1. */
  readonly atLeast: number;
}

/** True as soon as enough distinct signers stand; false only on complete evidence; else unknown. */
export function evaluateLeaf(leaf: Leaf, evidence: Evidence): Truth {
  const signers = new Set<string>();
  for (const result of evidence.results) {
    if (result.outcome !== "verified" || result.verifier !== leaf.verifier) continue;
    for (const signer of result.signers) signers.add(signer.id);
  }
  if (signers.size >= leaf.atLeast) return "true";
  return evidence.complete ? "false" : "unknown";
}

/** The built-in policy: at least one signature Verifier verified at least one artifact (design 2). */
export function evaluateBuiltIn(signatureVerifiers: readonly string[], evidence: Evidence): Truth {
  if (signatureVerifiers.length === 0) return evidence.complete ? "false" : "unknown";
  return or(signatureVerifiers.map((verifier) => evaluateLeaf({ verifier, atLeast: 1 }, evidence)));
}
