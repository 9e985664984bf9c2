import type { ListingState, Report, StoreReport, Verdict } from "../engine/report.ts";
import type { Explanation, StoreExplanation } from "../snapshot/explanation.ts";
import { artifactsNode } from "./artifact-nodes.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import { doorText, policyNode } from "./policy-nodes.ts";
import { type ReportStyle, toneOf } from "./report-style.ts";
import { storeNode, type StoreState } from "./store-nodes.ts";
import { renderTree, type TreeNode } from "./tree.ts";

const signOf = { allow: "yes", deny: "no", inconclusive: "unknown" } as const;
const listings: { readonly [S in ListingState]: StoreState } = {
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
  const stores = report.stores.map((store) => nodeOf(store, explained.get(store.name), style));
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

function nodeOf(store: StoreReport, explained: StoreExplanation | undefined, style: ReportStyle): TreeNode {
  const { name, location, listing, artifacts, evidence, failures } = store;
  const told = [
    style.paint(listings[listing].tone, listings[listing].text),
    ...(listing === "Complete" ? [`${artifacts} ${artifacts === 1 ? "artifact" : "artifacts"}`] : []),
    ...credentialOf(explained),
    ...(evidence === "Optional" ? ["evidence: Optional"] : []),
  ];
  return storeNode({ name, at: location, state: listings[listing], failures }, told.join(", "), style);
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
