import { remedies } from "../api/error-class.ts";
import type { ListingState, Report, StoreReport, Verdict } from "../engine/report.ts";
import type { Explanation, StoreExplanation } from "../snapshot/explanation.ts";
import { artifactsNode } from "./artifact-nodes.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import { doorText, policyNode } from "./policy-nodes.ts";
import { type ReportStyle, toneOf } from "./report-style.ts";
import { renderTree, type TreeNode } from "./tree.ts";

type Sign = "yes" | "no" | "unknown" | "skipped";

const signOf = { allow: "yes", deny: "no", inconclusive: "unknown" } as const;
const listings: { readonly [S in ListingState]: { readonly text: string; readonly sign: Sign; readonly tone: Tone } } = {
  Complete: { text: "listed to its end", sign: "yes", tone: "good" },
  Failed: { text: "failed", sign: "no", tone: "bad" },
  NotAwaited: { text: "not waited for: it could not change the verdict", sign: "skipped", tone: "faint" },
  CoveredByOther: { text: "covered by another store of the same location", sign: "skipped", tone: "faint" },
};
const credentialText: { readonly [O in Exclude<NonNullable<StoreExplanation["outcome"]>, "Selected">]: string } = {
  Anonymous: "without a credential",
  Denied: "nothing sent: no AuthProvider matches",
  CredentialUnavailable: "no usable credential",
  PatternConflict: "no credential: two AuthProviders have an equal claim",
};

/**
 * A report for people, as a tree: who was asked, what was found and by whom it was judged, what each policy makes of it, and the verdict last, with the shortest
 * sentence that is true. `explanation`, of the same image, adds with which credential each store was asked. Every line ends with a line feed.
 */
export function renderReport(report: Report, explanation: Explanation, style: ReportStyle): string {
  const { paint, glyphs } = style;
  const explained = new Map(explanation.stores.map((store) => [store.name, store]));
  const stores = report.stores.map((store) => storeNode(store, explained.get(store.name), style));
  return renderTree(
    {
      text: paint("strong", printable(report.image)),
      lines: [report.digest ?? paint("doubtful", "its digest is not known")],
      children: [
        stores.length === 0 ? { text: "stores: none has scopes that match this image" } : { text: "stores", children: stores },
        artifactsNode(report, style),
        ...(report.policies.length === 0 ? [] : [{ text: "policies", children: report.policies.map((one) => policyNode(one, style)) }]),
        verdictNode(report, style),
      ],
    },
    glyphs,
  );
}

/** `allow`, `deny (NoValidSignature)`, `inconclusive (StoreFailed)`. */
export function verdictText(verdict: Verdict): string {
  return verdict.outcome === "allow" ? "allow" : `${verdict.outcome} (${verdict.code})`;
}

/** What a verdict rests on: the reasons of allow and deny, the causes of inconclusive. */
export function groundsOf(verdict: Verdict): readonly string[] {
  return verdict.outcome === "inconclusive" ? verdict.causes : verdict.reasons;
}

/** The tone in which a verdict is painted. */
export function verdictTone(verdict: Verdict): Tone {
  return toneOf[verdict.outcome];
}

function storeNode(store: StoreReport, explained: StoreExplanation | undefined, { paint, glyphs }: ReportStyle): TreeNode {
  const { text, sign, tone } = listings[store.listing];
  const where = store.location === undefined ? "" : ` at ${printable(store.location)}`;
  const told = [
    paint(tone, text),
    ...(store.listing === "Complete" ? [`${store.artifacts} ${store.artifacts === 1 ? "artifact" : "artifacts"}`] : []),
    ...credentialOf(explained),
    ...(store.evidence === "Optional" ? ["evidence: Optional"] : []),
  ];
  return {
    text: `${paint(tone, glyphs[sign])} ${printable(store.name)}${where}: ${told.join(", ")}`,
    lines: store.failures.flatMap((failure) => [
      `${paint("bad", failure.class)}: ${printable(failure.message)}`,
      paint("faint", `what to do: ${remedies[failure.class]}`),
    ]),
  };
}

function credentialOf(explained: StoreExplanation | undefined): readonly string[] {
  if (explained?.outcome === undefined) return [];
  if (explained.outcome !== "Selected") return [credentialText[explained.outcome]];
  return explained.authProvider === undefined ? [] : [`credential of AuthProvider/${printable(explained.authProvider.name)}`];
}

function verdictNode(report: Report, { paint, glyphs }: ReportStyle): TreeNode {
  const { verdict, summary, complete, onInconclusive, validUntil } = report;
  const tone = toneOf[verdict.outcome];
  return {
    text: `${paint(tone, glyphs[signOf[verdict.outcome]])} ${paint(tone, verdictText(verdict))}`,
    lines: [
      printable(summary),
      ...groundsOf(verdict)
        .filter((ground) => !summary.includes(ground))
        .map(printable),
      ...(verdict.outcome === "inconclusive" && onInconclusive !== undefined ? [doorText(onInconclusive)] : []),
      ...(validUntil === undefined ? [] : [`stands until ${new Date(validUntil).toISOString()}, when an exception ends`]),
      ...(complete ? [] : [paint("faint", "not everything that could have been asked was, or answered")]),
    ],
  };
}
