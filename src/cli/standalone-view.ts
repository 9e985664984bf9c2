import { type ErrorClass, errorClasses, remedies } from "../api/error-class.ts";
import type { Report } from "../engine/report.ts";
import { readPath, toTable } from "./columns.ts";
import { printable } from "./escape.ts";
import { type Paint, paintFor, plain } from "./paint.ts";
import type { CliOutput, ObjectRow } from "./ports.ts";
import { groundsOf, verdictText, verdictTone } from "./report-text.ts";
import { renderTable } from "./table.ts";

/** Everything that standalone mode shows at one moment. */
export interface Picture {
  /** The directory that is watched, as it was given. */
  readonly manifests: string;
  /** Of the cluster, and of namespaces. */
  readonly stores: readonly ObjectRow[];
  readonly images: readonly WatchedImage[];
  /** The picture is printed once; nothing is watched. */
  readonly once: boolean;
}
export interface WatchedImage {
  readonly image: string;
  /** Absent: being verified for the first time. */
  readonly report?: Report;
}

/** A picture as text: the stores as `kubectl get stores` prints them, with their namespace where one has any, a line per image, and what to make of it. Without `now`, no ages. */
export function renderPicture(picture: Picture, options: { readonly now?: number; readonly paint: Paint }): string {
  const { paint } = options;
  const withNamespace = picture.stores.some(({ namespace }) => namespace !== undefined);
  const table = toTable("Store", picture.stores, { wide: false, withNamespace, ...(options.now !== undefined && { now: options.now }) });
  const ready = table.columns.indexOf("Ready");
  const stores = renderTable(table, {
    decorate: (text, column) => (column === ready ? paint(text === "True" ? "good" : text === "False" ? "bad" : "doubtful", text) : text),
  });
  const images = renderTable(
    { columns: ["Image", "Verdict", "Signature read from", "Why"], rows: picture.images.map(imageRow) },
    { decorate: (text, column, row) => paintVerdict(text, { column, report: picture.images[row]?.report, paint }) },
  );
  return [
    stores === "" ? `No Store in ${printable(picture.manifests)}\n` : stores,
    images === "" ? "" : `\n${images}`,
    `\n${paint("strong", "What you see")}\n`,
    ...sayings(picture).map((text) => `  ${text}\n`),
    `\n${paint("strong", "Try next")}\n`,
    ...suggestions(picture).map((text) => `  ${text}\n`),
  ].join("");
}

/** The store that the first verified artifact was read from, or undefined. */
export function signatureReadFrom(report: Report): string | undefined {
  return report.artifacts.find((artifact) => artifact.results.some((result) => result.outcome === "verified"))?.readFrom;
}

/** Shows pictures: on a terminal each in the place of the one before, elsewhere only when more than an age has changed. */
export class StandaloneView {
  readonly #output: CliOutput;
  readonly #now: () => number;
  #shownLines = 0;
  #shownText: string | undefined;

  constructor(output: CliOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  show(picture: Picture): void {
    if (this.#output.isTerminal) this.#repaint(picture);
    else this.#append(picture);
  }

  #repaint(picture: Picture): void {
    const text = renderPicture(picture, { now: this.#now(), paint: paintFor(this.#output) });
    // CUU to the first line of the picture before, then ED to the end of the screen (ECMA-48): what stood above stays.
    const back = this.#shownLines === 0 ? "" : `\u001b[${this.#shownLines}A\r\u001b[0J`;
    this.#output.write(back + text);
    this.#shownLines = screenLines(renderPicture(picture, { now: this.#now(), paint: plain }), this.#output.columns);
  }

  #append(picture: Picture): void {
    const lasting = renderPicture(picture, { paint: plain });
    if (lasting === this.#shownText) return;
    const separator = this.#shownText === undefined ? "" : "\n";
    this.#shownText = lasting;
    this.#output.write(separator + renderPicture(picture, { now: this.#now(), paint: paintFor(this.#output) }));
  }
}

/** How many lines a terminal of this width makes of unpainted text. */
function screenLines(text: string, columns: number): number {
  return text
    .split("\n")
    .slice(0, -1)
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(Array.from(line).length / Math.max(1, columns))), 0);
}

function imageRow({ image, report }: WatchedImage): readonly string[] {
  if (report === undefined) return [image, "…", "-", "being verified"];
  return [image, verdictText(report.verdict), signatureReadFrom(report) ?? "-", whyOf(report)];
}

/** Short: of a policy that denies what it needs and has not; the whole sentence stands below. */
function whyOf({ verdict, policies }: Report): string {
  const denying = policies.find(({ enforcement, outcome }) => enforcement === "Enforce" && outcome === "deny");
  if (verdict.outcome === "deny" && verdict.code === "PolicyNotSatisfied" && denying !== undefined)
    return `${denying.name}: ${denying.reason}`;
  return groundsOf(verdict)[0] ?? "";
}

function paintVerdict(text: string, cell: { readonly column: number; readonly report: Report | undefined; readonly paint: Paint }): string {
  return cell.column === 1 && cell.report !== undefined ? cell.paint(verdictTone(cell.report.verdict), text) : text;
}

/** One sentence for each store that is not ready, and for what the verdicts show. */
function sayings(picture: Picture): readonly string[] {
  const broken = picture.stores.filter((row) => readyCondition(row, "status") === "False");
  const lines = broken.map(
    (row) =>
      `${row.kind} ${printable(row.namespace === undefined ? row.name : `${row.namespace}/${row.name}`)} is not ready: ${printable(reasonText(row))}.`,
  );
  const verdicts = picture.images.flatMap(({ report }) => report?.verdict ?? []);
  const outcomes = new Set(verdicts.map((verdict) => verdict.outcome));
  const codes = new Set(verdicts.flatMap((verdict) => (verdict.outcome === "deny" ? verdict.code : [])));
  if (outcomes.has("allow")) {
    lines.push(
      broken.length > 0
        ? "An image is allowed as soon as one store shows a valid signature: the broken stores beside it cost nothing."
        : "An image is allowed because a store showed a signature by a trusted key.",
    );
  }
  if (codes.has("NoValidSignature"))
    lines.push("An image is denied because every store that counts was listed to its end and none holds a valid signature.");
  for (const { report } of picture.images)
    if (report?.verdict.outcome === "deny" && report.verdict.code === "PolicyNotSatisfied") lines.push(`${printable(report.summary)}.`);
  if (codes.has("NoStore")) lines.push("An image that no Store has scopes for is denied: add it to the scopes of one.");
  if (codes.has("NotFound")) lines.push("An image that its registry does not know is denied: check its name and tag.");
  if (outcomes.has("inconclusive"))
    lines.push("An image is inconclusive because what could not be read might still have changed the verdict; at a door that means no.");
  return lines.length === 0 ? ["Nothing is judged yet."] : lines;
}

function reasonText(row: ObjectRow): string {
  const reason = readyCondition(row, "reason");
  const known = errorClasses.find((name): name is ErrorClass => name === reason);
  return known === undefined ? (readyCondition(row, "message") ?? reason ?? "its status says no more") : `${known}. ${remedies[known]}`;
}

function readyCondition(row: ObjectRow, member: "status" | "reason" | "message"): string | undefined {
  const value = readPath(row.object, `.status.conditions[?(@.type=="Ready")].${member}`);
  return typeof value === "string" ? value : undefined;
}

function suggestions(picture: Picture): readonly string[] {
  const manifests = `--manifests ${shellWord(picture.manifests)}`;
  const image = shellWord(picture.images[0]?.image ?? "IMAGE");
  return [
    ...(picture.once ? [] : [`edit a file in ${printable(picture.manifests)}: the tables follow`]),
    `bin/countersign explain ${manifests} ${image}   which stores are asked, with which credential, and why`,
    `bin/countersign verify ${manifests} ${image}   everything that was found`,
    ...(picture.once ? [] : ["Ctrl-C   stop"]),
  ];
}

/** Fit to be copied into a shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", `'\\''`)}'`;
}
