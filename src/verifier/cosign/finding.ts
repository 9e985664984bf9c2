import type { RejectionReason } from "../../engine/verifier.ts";
import type { TrustedKey } from "../../trust/ports.ts";

/** What one signature of an artifact came to. */
export type Finding = { readonly outcome: "signed"; readonly key: TrustedKey } | Rejection | Unjudged;

export interface Rejection {
  readonly outcome: "rejected";
  readonly reason: RejectionReason;
  /** Begins with a capital, echoes type names and nothing else. */
  readonly message: string;
}

/** It could not be found out, and another may count all the same. */
export interface Unjudged {
  readonly outcome: "unjudged";
  readonly cause: string;
}

export function reject(reason: RejectionReason, message: string): Rejection {
  return { outcome: "rejected", reason, message };
}

/** Of a signature that no key fits. */
export function noneOf({ length }: readonly TrustedKey[]): string {
  return length === 1 ? "The trusted key did not make the signature" : `None of the ${length} trusted keys made the signature`;
}

/** How near a rejected signature came to one that counts: of several, the report gives the nearest. */
const nearness: Readonly<Record<RejectionReason, number>> = {
  AnnotationMissing: 7,
  BadSignature: 6,
  NoTrustedKey: 5,
  WrongSubject: 4,
  UnsupportedAlgorithm: 3,
  UnsupportedFormat: 2,
  Malformed: 1,
  NotASignature: 0,
  Unsigned: 0,
};

/** The rejection that tells most; the first among equals. */
export function nearestRejection(findings: readonly Finding[]): Rejection | undefined {
  return findings.filter((finding) => finding.outcome === "rejected").toSorted((a, b) => nearness[b.reason] - nearness[a.reason])[0];
}
