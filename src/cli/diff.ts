import type { Command } from "commander";
import type { Report } from "../engine/report.ts";
import { CliError } from "./cli-error.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { answersOf, eachImage, type ImageWork, printErrors, refuseInvalid, refuseNone } from "./each-image.ts";
import { printable } from "./escape.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { readImages } from "./images.ts";
import { addComparingOptions, type CommonOptions, inNamespaceOption, outputOption } from "./options.ts";
import { type Paint, paintFor } from "./paint.ts";
import type { Composition } from "./ports.ts";
import { verdictText, verdictTone } from "./report-text.ts";
import { timedOut } from "./verify.ts";

const formats = ["text", "wide", "json", "yaml"] as const;

/** `--manifests` is given twice, which commander collects. */
interface DiffOptions extends Omit<CommonOptions, "manifests"> {
  readonly manifests?: readonly string[];
  readonly output: (typeof formats)[number];
  readonly inNamespace?: string;
}

/** One image by both sets of manifests. */
interface Judged {
  readonly image: string;
  readonly before: Report;
  readonly after: Report;
}

/** What `-o json` prints of one image. */
interface DiffDocument {
  readonly image: string;
  readonly changed: boolean;
  readonly before: SideDocument;
  readonly after: SideDocument;
}
interface SideDocument {
  readonly verdict: Report["verdict"]["outcome"];
  readonly code?: string;
  readonly summary: string;
}

export function addDiff(program: Command, context: CommandContext): Command {
  const command = program
    .command("diff")
    .description("say whose verdict would change if other manifests were applied, and why")
    .argument("<IMAGE...>", 'image references; "-" reads them from standard input, one a line')
    .addOption(inNamespaceOption("as if an object of this namespace ran the images: its own policies and stores count too"))
    .addOption(outputOption(formats));
  return addComparingOptions(command).action(async (images: readonly string[], options: DiffOptions) =>
    context.finish(await diff(images, options, context)),
  );
}

async function diff(given: readonly string[], options: DiffOptions, context: CommandContext): Promise<ExitCode> {
  const { manifests = [], ...rest } = options;
  const [old, next] = manifests;
  if (old === undefined || next === undefined || manifests.length !== 2)
    throw new CliError(
      "CLI_USAGE",
      `diff compares two sets of manifests, and ${manifests.length} ${manifests.length === 1 ? "is" : "are"} given`,
      {
        advice: "write --manifests OLD --manifests NEW",
      },
    );
  const images = await readImages(given, context);
  refuseNone(images, "compare");
  return await withComposition({ ...rest, manifests: old }, context, async (before) =>
    withComposition({ ...rest, manifests: next }, context, async (after) => {
      refuseInvalid(images, before);
      const work: ImageWork<Judged> = {
        verb: "compare",
        doing: "comparing",
        failed: "CLI_VERIFY_FAILED",
        run: (image, signal) => judge(image, { before, after, options }, signal),
        timedOut: (image, time) => ({ image, before: timedOut(image, time), after: timedOut(image, time) }),
      };
      const outcomes = await eachImage(images, work, { options: rest, context });
      const judged = answersOf(outcomes);
      print(judged, options.output, context);
      noteRefused({ before, after }, context);
      printErrors(outcomes, context);
      return judged.length < outcomes.length ? exitCodes.failure : exitOf(judged);
    }),
  );
}

async function judge(
  image: string,
  { before, after, options }: { readonly before: Composition; readonly after: Composition; readonly options: DiffOptions },
  signal: AbortSignal,
): Promise<Judged> {
  const request = { image, ...(options.inNamespace !== undefined && { inNamespace: options.inNamespace }) };
  // Side by side: what a registry says may change from one moment to the next.
  const [old, next] = await Promise.all([before.verify(request, signal), after.verify(request, signal)]);
  return { image, before: old, after: next };
}

/** A verdict is another if its outcome is, or its code: "denied for another reason" is worth knowing before a merge. */
function isChanged({ before, after }: Judged): boolean {
  return verdictText(before.verdict) !== verdictText(after.verdict);
}

/** 1 as soon as an image that was allowed would not be; 2 for any other change, and where a doubt stays; 0 only if nothing changes and everything is certain. */
function exitOf(judged: readonly Judged[]): ExitCode {
  if (judged.some(({ before, after }) => before.verdict.outcome === "allow" && after.verdict.outcome !== "allow")) return exitCodes.no;
  const isOpen = judged.some((one) => isChanged(one) || one.after.verdict.outcome === "inconclusive");
  return isOpen ? exitCodes.inconclusive : exitCodes.ok;
}

function print(judged: readonly Judged[], output: DiffOptions["output"], context: CommandContext): void {
  const { stdout } = context.deps;
  if (output === "json" || output === "yaml") {
    stdout.write(printDocument(judged.map(toDocument), output));
    return;
  }
  const paint = paintFor(stdout);
  const changed = judged.filter(isChanged);
  const shown = output === "wide" ? judged : changed;
  stdout.write(shown.map((one) => `${render(one, paint)}\n`).join(""));
  const worse = changed.filter(({ before }) => before.verdict.outcome === "allow").length;
  const images = `${judged.length} ${judged.length === 1 ? "image" : "images"}`;
  const refused = worse === 0 ? "" : `; ${worse} that ${worse === 1 ? "is" : "are"} allowed would not be`;
  stdout.write(changed.length === 0 ? `${images}, no verdict would change\n` : `${images}, ${changed.length} would change${refused}\n`);
}

function render(one: Judged, paint: Paint): string {
  const side = (sign: string, report: Report): string =>
    `${sign} ${paint(verdictTone(report.verdict), verdictText(report.verdict))}: ${printable(report.summary)}\n`;
  if (!isChanged(one)) return `${printable(one.image)}\n${side(" ", one.after)}`;
  return `${printable(one.image)}\n${side("-", one.before)}${side("+", one.after)}`;
}

function toDocument(one: Judged): DiffDocument {
  return { image: one.image, changed: isChanged(one), before: toSide(one.before), after: toSide(one.after) };
}

function toSide({ verdict, summary }: Report): SideDocument {
  return { verdict: verdict.outcome, ...(verdict.outcome !== "allow" && { code: verdict.code }), summary };
}

/** An object that is not accepted judges otherwise than it says: whoever compares has to know. */
function noteRefused(sides: Readonly<Record<"before" | "after", Composition>>, context: CommandContext): void {
  for (const [name, composition] of [
    ["old", sides.before],
    ["new", sides.after],
  ] as const) {
    const refused = composition.check().filter((entry) => !entry.accepted).length;
    if (refused > 0)
      context.deps.stderr.write(
        `note: ${refused} ${refused === 1 ? "object" : "objects"} of the ${name} manifests ${refused === 1 ? "is" : "are"} not accepted; "countersign check" says why\n`,
      );
  }
}
