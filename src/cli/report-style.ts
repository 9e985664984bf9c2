import type { Verdict } from "../engine/report.ts";
import type { VerificationResult } from "../engine/verifier.ts";
import type { Paint, Tone } from "./paint.ts";
import type { Glyphs } from "./tree.ts";

/** How a report looks. */
export interface ReportStyle {
  readonly paint: Paint;
  readonly glyphs: Glyphs;
}

/** The tone of a verdict, and of what a Verifier found. */
export const toneOf: { readonly [O in Verdict["outcome"] | VerificationResult["outcome"]]: Tone } = {
  allow: "good",
  verified: "good",
  deny: "bad",
  rejected: "bad",
  inconclusive: "doubtful",
};
