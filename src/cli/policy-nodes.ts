import type { OnInconclusive } from "../api/policy.ts";
import type { Truth } from "../engine/kleene.ts";
import type { LeafReport, PolicyReport, RequirementReport } from "../engine/report.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import { type ReportStyle, toneOf } from "./report-style.ts";
import type { TreeNode } from "./tree.ts";

const signOf = { true: "yes", false: "no", unknown: "unknown", allow: "yes", deny: "no", inconclusive: "unknown" } as const;
const truthTone: { readonly [T in Truth]: Tone } = { true: "good", false: "bad", unknown: "doubtful" };
const enforcementText: { readonly [E in PolicyReport["enforcement"]]: string } = {
  Enforce: "Enforce",
  Warn: "Warn: no part in the verdict",
  Audit: "Audit: no part in the verdict",
};
const doors: { readonly [O in OnInconclusive]: string } = {
  Deny: "turns it away",
  Warn: "lets it in with a warning",
  Allow: "lets it in, and leaves a trace",
};

/** What a door makes of an inconclusive verdict. */
export function doorText(onInconclusive: OnInconclusive): string {
  return `a door ${doors[onInconclusive]} (onInconclusive: ${onInconclusive})`;
}

/** What one policy makes of the evidence: each requirement with its value and why. */
export function policyNode(policy: PolicyReport, style: ReportStyle): TreeNode {
  const { name, enforcement, outcome, onInconclusive, reason, exception, requirements } = policy;
  const tone = toneOf[outcome];
  // Said once: below, where a requirement says it.
  const isToldBelow = requirements.some(({ leaves }) => leaves.some((leaf) => leaf.reason !== "" && reason.includes(leaf.reason)));
  return {
    text: `${style.paint(tone, style.glyphs[signOf[outcome]])} ${printable(name)} (${enforcementText[enforcement]})`,
    lines: [
      ...(isToldBelow && exception === undefined ? [] : [printable(reason)]),
      ...(outcome === "inconclusive" && enforcement === "Enforce" ? [doorText(onInconclusive)] : []),
    ],
    children: requirements.map((requirement) => requirementNode(requirement, style)),
  };
}

function requirementNode({ name, value, leaves }: RequirementReport, style: ReportStyle): TreeNode {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return leafNode(only, style, name);
  return {
    text: `${sign(value, style)} ${name === undefined ? "" : `${printable(name)}: `}one of these`,
    children: leaves.map((leaf) => leafNode(leaf, style)),
  };
}

function leafNode({ value, reason }: LeafReport, style: ReportStyle, name?: string): TreeNode {
  return { text: `${sign(value, style)} ${name === undefined ? "" : `${printable(name)}: `}${printable(reason)}` };
}

function sign(value: Truth, { paint, glyphs }: ReportStyle): string {
  return paint(truthTone[value], glyphs[signOf[value]]);
}
