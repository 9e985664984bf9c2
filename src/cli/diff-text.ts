import type { Report } from "../engine/report.ts";
import { type Change, changeOf, type Comparison, noteOf, reasonOf } from "./comparison.ts";
import { describeError } from "./error-text.ts";
import type { Outcome } from "./each-image.ts";
import { printable } from "./escape.ts";
import type { Paint } from "./paint.ts";
import { verdictText, verdictTone } from "./report-text.ts";

/** How many images each thing would happen to: `images` is the sum of the others but `inconclusive`. */
export type Counts = Readonly<Record<"images" | Change | "failed" | "inconclusive", number>>;

/** What `-o json` prints. */
export interface DiffDocument {
  readonly version: "v1";
  /** As of when both sides were judged. */
  readonly time: string;
  readonly counts: Counts;
  readonly images: readonly ImageDocument[];
}
type ImageDocument =
  | {
      readonly image: string;
      readonly change: Change;
      readonly reason?: string;
      readonly note?: string;
      readonly before: SideDocument;
      readonly after: SideDocument;
    }
  | { readonly image: string; readonly change: "failed"; readonly reason: string };
interface SideDocument {
  readonly verdict: Report["verdict"]["outcome"];
  readonly code?: string;
  readonly onInconclusive?: string;
  readonly digest?: string;
  readonly summary: string;
}

export function countsOf(outcomes: readonly Outcome<Comparison>[]): Counts {
  const of = (wanted: Change | "failed"): number =>
    outcomes.filter((outcome) => ("value" in outcome ? changeOf(outcome.value) : "failed") === wanted).length;
  return {
    images: outcomes.length,
    lost: of("lost"),
    gained: of("gained"),
    other: of("other"),
    unchanged: of("unchanged"),
    failed: of("failed"),
    inconclusive: outcomes.filter((outcome) => "value" in outcome && outcome.value.after.verdict.outcome === "inconclusive").length,
  };
}

/** What would change, and with `all` also what would not; the counts last. */
export function renderDiff(
  outcomes: readonly Outcome<Comparison>[],
  { all, paint }: { readonly all: boolean; readonly paint: Paint },
): string {
  const shown = outcomes.flatMap((outcome) =>
    "value" in outcome && (all || changeOf(outcome.value) !== "unchanged") ? outcome.value : [],
  );
  return shown.map((one) => `${renderOne(one, paint)}\n`).join("") + lastLine(countsOf(outcomes));
}

function renderOne(one: Comparison, paint: Paint): string {
  const side = (sign: string, { verdict, summary }: Report): string =>
    `${sign} ${paint(verdictTone(verdict), verdictText(verdict))}: ${printable(summary)}\n`;
  const told = (label: string, text: string | undefined): string => (text === undefined ? "" : `  ${label}: ${printable(text)}\n`);
  const sides = changeOf(one) === "unchanged" ? side(" ", one.after) : side("-", one.before) + side("+", one.after);
  return `${printable(one.image)}\n${sides}${told("why", reasonOf(one))}${told("note", noteOf(one))}`;
}

function lastLine({ images, lost, gained, other, unchanged, failed, inconclusive }: Counts): string {
  const doubt = inconclusive === 0 ? "" : `; ${inconclusive} inconclusive by the new manifests`;
  const changed = other === 0 ? "" : `${other} changed otherwise, `;
  return `${images} ${images === 1 ? "image" : "images"}: ${lost} lost, ${gained} gained, ${changed}${unchanged} unchanged, ${failed} failed${doubt}\n`;
}

/** `at`: as of when both sides were judged, epoch ms. */
export function toDiffDocument(outcomes: readonly Outcome<Comparison>[], at: number): DiffDocument {
  return { version: "v1", time: new Date(at).toISOString(), counts: countsOf(outcomes), images: outcomes.map(toImage) };
}

function toImage(outcome: Outcome<Comparison>): ImageDocument {
  const { image } = outcome;
  if ("error" in outcome) return { image, change: "failed", reason: describeError(outcome.error).text.trimEnd() };
  const [reason, note] = [reasonOf(outcome.value), noteOf(outcome.value)];
  return {
    image,
    change: changeOf(outcome.value),
    ...(reason !== undefined && { reason }),
    ...(note !== undefined && { note }),
    before: toSide(outcome.value.before),
    after: toSide(outcome.value.after),
  };
}

function toSide({ verdict, onInconclusive, digest, summary }: Report): SideDocument {
  return {
    verdict: verdict.outcome,
    ...(verdict.outcome !== "allow" && { code: verdict.code }),
    ...(verdict.outcome === "inconclusive" && onInconclusive !== undefined && { onInconclusive }),
    ...(digest !== undefined && { digest }),
    summary,
  };
}
