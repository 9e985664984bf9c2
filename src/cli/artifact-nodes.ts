import type { ArtifactReport, Report } from "../engine/report.ts";
import type { VerificationResult } from "../engine/verifier.ts";
import { describeObject } from "../engine/view.ts";
import type { Digest } from "../oci/digest.ts";
import { printable } from "./escape.ts";
import { type ReportStyle, toneOf } from "./report-style.ts";
import type { Glyphs, TreeNode } from "./tree.ts";

/** Hexadecimal digits of a digest that tell it apart for people; programs read all of it in `-o json`. */
const shownDigits = 12;

const signOf = { verified: "yes", rejected: "no", inconclusive: "unknown" } as const;

/** What was found, each artifact on what it refers to: the image, one of its platforms' manifests, or another artifact. */
export function artifactsNode({ digest, artifacts }: Report, style: ReportStyle): TreeNode {
  if (artifacts.length === 0) return { text: "artifacts: none that a Verifier can judge" };
  const bySubject = Map.groupBy(artifacts, ({ subject }) => subject);
  const shown = new Set<ArtifactReport>();
  const own = digest === undefined ? [] : nodesOn(digest, { bySubject, shown }, style);
  // What is left hangs on a manifest that is no artifact itself.
  const others = [...bySubject.keys()]
    .filter((subject) => !artifacts.some((one) => one.digest === subject))
    .flatMap((subject): readonly TreeNode[] => {
      const children = nodesOn(subject, { bySubject, shown }, style);
      return children.length === 0 ? [] : [{ text: `on manifest ${shortDigest(subject, style.glyphs)}`, children }];
    });
  // Whoever claims to refer to itself, in however many steps, is shown all the same.
  const rest = artifacts.flatMap((one) => (shown.has(one) ? [] : [artifactNode(one, { bySubject, shown }, style)]));
  return { text: "artifacts", children: [...own, ...others, ...rest] };
}

interface Reports {
  readonly bySubject: ReadonlyMap<Digest, readonly ArtifactReport[]>;
  /** Each stands in one place. */
  readonly shown: Set<ArtifactReport>;
}

function nodesOn(subject: Digest, reports: Reports, style: ReportStyle): readonly TreeNode[] {
  // Looked at one by one: what hangs on the first may show the second.
  return (reports.bySubject.get(subject) ?? []).flatMap((one) => (reports.shown.has(one) ? [] : [artifactNode(one, reports, style)]));
}

function artifactNode(artifact: ArtifactReport, reports: Reports, style: ReportStyle): TreeNode {
  reports.shown.add(artifact);
  const { digest, artifactType, size, heldBy, readFrom, results } = artifact;
  const { paint, glyphs } = style;
  const others = heldBy.filter((name) => name !== readFrom);
  const held = others.length === 0 ? "" : `, ${readFrom === undefined ? "in" : "also in"} ${others.map(printable).join(", ")}`;
  const read = readFrom === undefined ? paint("bad", "could be read from no store") : `read from ${printable(readFrom)}`;
  return {
    text: `${shortDigest(digest, glyphs)}  ${printable(artifactType)}`,
    lines: [`${size} bytes, ${read}${held}`],
    children: [
      ...(results.length === 0
        ? [{ text: `${glyphs.skipped} no Verifier judged it` }]
        : results.map((result) => resultNode(result, style))),
      ...nodesOn(digest, reports, style),
    ],
  };
}

function resultNode(result: VerificationResult, { paint, glyphs }: ReportStyle): TreeNode {
  const tone = toneOf[result.outcome];
  const detail = detailOf(result);
  return {
    text: `${paint(tone, glyphs[signOf[result.outcome]])} ${printable(describeObject("Verifier", result.verifier))}: ${paint(tone, result.outcome)}${detail === "" ? "" : `, ${printable(detail)}`}`,
  };
}

function detailOf(result: VerificationResult): string {
  switch (result.outcome) {
    case "verified":
      return result.signers.length === 0 ? "" : `signed by ${result.signers.map((signer) => signer.name).join(", ")}`;
    case "rejected":
      return `${result.reason}: ${result.message}`;
    case "inconclusive":
      return result.cause;
  }
}

/** `sha256:0123456789ab…` */
export function shortDigest(digest: Digest, { cut }: Glyphs): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}:${hex.slice(0, shownDigits)}${cut}`;
}
