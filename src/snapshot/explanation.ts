import type { Candidate } from "../keychain/ports.ts";

/** Why a Store is asked about an image or not; closed list, docs/reference/explain.md. */
export type StoreReason = "ScopeMatches" | "AllImages" | "ScopesDoNotMatch" | "InvalidStore";

export interface StoreExplanation {
  readonly name: string;
  readonly asked: boolean;
  readonly reason: StoreReason;
  /** `host[:port]/path` where evidence is read, after `rewrite` and `evidenceRepository`; only when asked. */
  readonly resolvedRepository?: string;
  readonly outcome?: "Selected" | "Anonymous" | "Denied" | "CredentialUnavailable" | "PatternConflict";
  readonly authProvider?: { readonly name: string; readonly pattern: string };
  readonly candidates: readonly Candidate[];
}

/** What would be asked, with which credential and why: computed without contacting anyone. The shape that `explain -o json` prints. */
export interface Explanation {
  readonly image: string;
  readonly reference: { readonly registry: string; readonly repository: string; readonly tag?: string; readonly digest?: string } | null;
  readonly error?: { readonly code: "REFERENCE_INVALID"; readonly message: string };
  readonly stores: readonly StoreExplanation[];
}
