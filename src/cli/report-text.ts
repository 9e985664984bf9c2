import { remedies } from "../api/error-class.ts";
import type { ArtifactReport, ListingState, Report, StoreReport, Verdict } from "../engine/report.ts";
import type { VerificationResult } from "../engine/verifier.ts";
import { printable } from "./escape.ts";
import type { Paint, Tone } from "./paint.ts";
import { renderTable } from "./table.ts";

const toneOf: { readonly [O in Verdict["outcome"] | VerificationResult["outcome"]]: Tone } = {
  allow: "good",
  verified: "good",
  deny: "bad",
  rejected: "bad",
  inconclusive: "doubtful",
};
const listingTone: { readonly [S in ListingState]: Tone } = {
  Complete: "good",
  Failed: "bad",
  NotAwaited: "faint",
  CoveredByOther: "faint",
};
const listingText: { readonly [S in ListingState]: string } = {
  Complete: "listed to its end",
  Failed: "failed",
  NotAwaited: "not waited for: it could not change the verdict",
  CoveredByOther: "covered by another store of the same location",
};

/** A report for people: what was asked, what was found and by whom it was judged, the verdict last. Every line ends with a line feed. */
export function renderReport(report: Report, paint: Paint): string {
  return [
    field("Image", printable(report.image)),
    field("Digest", report.digest ?? "not resolved"),
    "Stores:\n",
    report.stores.length === 0
      ? "  none has scopes that match this image\n"
      : report.stores.map((store) => renderStore(store, paint)).join(""),
    "Artifacts:\n",
    report.artifacts.length === 0
      ? "  none that a Verifier can judge\n"
      : report.artifacts.map((artifact) => renderArtifact(artifact, paint)).join(""),
    renderReasons(report.verdict),
    ...(report.complete ? [] : ["Not everything that could have been asked was, or answered.\n"]),
    field("Verdict", paint(toneOf[report.verdict.outcome], verdictText(report.verdict))),
  ].join("");
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

function field(name: string, text: string): string {
  return `${`${name}:`.padEnd(11)} ${text}\n`;
}

function renderStore(store: StoreReport, paint: Paint): string {
  const found = store.listing === "Complete" ? `, ${store.artifacts} ${store.artifacts === 1 ? "artifact" : "artifacts"}` : "";
  const optional = store.evidence === "Optional" ? " (evidence: Optional)" : "";
  const where = store.location === undefined ? "" : ` at ${printable(store.location)}`;
  const failures = store.failures.map(
    (failure) =>
      `    ${paint("bad", failure.class)}: ${printable(failure.message)}\n    ${paint("faint", `what to do: ${remedies[failure.class]}`)}\n`,
  );
  return `  ${printable(store.name)}${where}: ${paint(listingTone[store.listing], listingText[store.listing])}${found}${optional}\n${failures.join("")}`;
}

function renderArtifact(artifact: ArtifactReport, paint: Paint): string {
  const held = artifact.heldBy.map(printable).join(", ");
  const read = artifact.readFrom === undefined ? "could be read from no store" : `read from ${printable(artifact.readFrom)}`;
  const results = renderTable(
    { columns: ["", "", ""], rows: artifact.results.map((result) => [result.verifier, result.outcome, detailOf(result)]) },
    {
      header: false,
      indent: "    ",
      decorate: (text, column, row) => (column === 1 ? paint(toneOf[artifact.results[row]?.outcome ?? "inconclusive"], text) : text),
    },
  );
  return `  ${artifact.digest}\n    ${printable(artifact.artifactType)}, ${artifact.size} bytes, ${read} (held by ${held})\n${results === "" ? "    no Verifier judged it\n" : results}`;
}

function detailOf(result: VerificationResult): string {
  switch (result.outcome) {
    case "verified":
      return `by ${result.signers.map((signer) => signer.name).join(", ")}`;
    case "rejected":
      return `${result.reason}: ${result.message}`;
    case "inconclusive":
      return result.cause;
  }
}

function renderReasons(verdict: Verdict): string {
  const title = verdict.outcome === "inconclusive" ? "Causes" : "Reasons";
  return `${title}:\n${groundsOf(verdict)
    .map((text) => `  ${printable(text)}\n`)
    .join("")}`;
}
