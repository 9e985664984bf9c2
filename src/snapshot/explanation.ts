import type { Enforcement } from "../api/policy.ts";
import type { Candidate } from "../keychain/ports.ts";
import type { NamespaceLabels } from "./namespace-selector.ts";

/** When, and for whom, an image is asked about. */
export interface Occasion {
  /** Epoch ms. */
  readonly now: number;
  /** Of the object that wants to run the image. */
  readonly namespace?: NamespaceLabels;
}

/** Why a Store is asked about an image or not; closed list, docs/reference/explain.md. */
export type StoreReason = "ScopeMatches" | "AllImages" | "ScopesDoNotMatch" | "InvalidStore" | "NoPolicyOfNamespace";

/** Why a policy applies to an image or not; closed list, docs/reference/explain.md. */
export type PolicyReason =
  | "ScopeMatches"
  | "AllImages"
  | "BuiltIn"
  | "InvalidPolicy"
  | "NamespaceUnknown"
  | "ScopesDoNotMatch"
  | "Excluded"
  | "NamespaceNotSelected";

export interface PolicyExplanation {
  /** `Policy/name`, `NamespacedPolicy/namespace/name`, or `built-in policy`. */
  readonly name: string;
  readonly applies: boolean;
  readonly reason: PolicyReason;
  readonly enforcement: Enforcement;
  /** Those that let the image through now, whatever is found of it. */
  readonly exceptions: readonly { readonly expirationTime: string; readonly reason: string }[];
}

export interface StoreExplanation {
  /** `name`, or `namespace/name`. */
  readonly name: string;
  readonly asked: boolean;
  readonly reason: StoreReason;
  /** `host[:port]/path` where evidence is read, after `rewrite` and `evidenceRepository`; only when asked. */
  readonly resolvedRepository?: string;
  readonly outcome?: "Selected" | "Anonymous" | "Denied" | "CredentialUnavailable" | "PatternConflict";
  readonly authProvider?: { readonly name: string; readonly pattern: string };
  /** Why there is no credential though there should be one. */
  readonly message?: string;
  readonly candidates: readonly Candidate[];
}

/** What would be asked, with which credential and why: computed without contacting anyone. The shape that `explain -o json` prints. */
export interface Explanation {
  readonly image: string;
  readonly reference: { readonly registry: string; readonly repository: string; readonly tag?: string; readonly digest?: string } | null;
  readonly error?: { readonly code: "REFERENCE_INVALID"; readonly message: string };
  /** Of the object that wants to run the image; absent where none was given. */
  readonly namespace?: string;
  readonly stores: readonly StoreExplanation[];
  readonly policies: readonly PolicyExplanation[];
}
