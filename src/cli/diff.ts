import { type Command, Option } from "commander";
import { countObjects } from "./check.ts";
import { CliError } from "./cli-error.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { changeOf, type Comparison } from "./comparison.ts";
import { renderDiff, toDiffDocument } from "./diff-text.ts";
import { printDocument } from "./document.ts";
import { eachImage, exitOf, type ImageWork, type Outcome, printErrors, refuseInvalid, refuseNone } from "./each-image.ts";
import type { ExitCode } from "./exit.ts";
import { readImages, readImagesFrom } from "./images.ts";
import { addComparingOptions, type CommonOptions, inNamespaceOption, nonEmpty, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import type { Composition, ImageRequest } from "./ports.ts";

const formats = ["text", "wide", "json", "yaml"] as const;

/** `--manifests` is given twice, which commander collects. */
interface DiffOptions extends Omit<CommonOptions, "manifests"> {
  readonly manifests?: readonly string[];
  readonly output: (typeof formats)[number];
  readonly inNamespace?: string;
  readonly imagesFrom?: string;
}
interface Sides {
  readonly before: Composition;
  readonly after: Composition;
}

export function addDiff(program: Command, context: CommandContext): Command {
  const command = program
    .command("diff")
    .description("say whose verdict would change if other manifests were applied, and why")
    .argument("[IMAGE...]", 'image references; "-" reads them from standard input, one a line')
    .addOption(
      new Option("--images-from <FILE>", 'also the images of this file, one a line; "#" begins a comment, "-" is standard input').argParser(
        nonEmpty("--images-from"),
      ),
    )
    .addOption(inNamespaceOption("as if an object of this namespace ran the images: its own policies and stores count too"))
    .addOption(outputOption(formats));
  return addComparingOptions(command).action(async (images: readonly string[], options: DiffOptions) =>
    context.finish(await diff(images, options, context)),
  );
}

async function diff(given: readonly string[], options: DiffOptions, context: CommandContext): Promise<ExitCode> {
  const { manifests = [], ...rest } = options;
  const [old, next] = directoriesOf(manifests);
  const images = await imagesOf(given, options, context);
  refuseNone(images, "compare");
  // One moment for both sides of every image: an exception that ends while they are compared is no difference between the manifests.
  const at = context.deps.now();
  return await withComposition({ ...rest, manifests: old }, context, async (before) =>
    withComposition({ ...rest, manifests: next }, context, async (after) => {
      refuseInvalid(images, before);
      const work: ImageWork<Comparison> = {
        verb: "compare",
        doing: "comparing",
        failed: "CLI_VERIFY_FAILED",
        run: (image, signal) => compare({ image, at, ...namespaceOf(options) }, { before, after }, signal),
      };
      const outcomes = await eachImage(images, work, { options: rest, context });
      print(outcomes, { output: options.output, at, context });
      noteRefused({ before, after }, context);
      printErrors(outcomes, context);
      return exitOf(outcomes, answerOf);
    }),
  );
}

/** @throws CliError CLI_USAGE unless there are two */
function directoriesOf(manifests: readonly string[]): readonly [string, string] {
  const [old, next] = manifests;
  if (old !== undefined && next !== undefined && manifests.length === 2) return [old, next];
  const given = `${manifests.length} ${manifests.length === 1 ? "is" : "are"} given`;
  throw new CliError("CLI_USAGE", `diff compares two sets of manifests, and ${given}`, { advice: "write --manifests OLD --manifests NEW" });
}

/** Each once, however often it is named: lists of what a cluster runs repeat themselves. */
async function imagesOf(given: readonly string[], { imagesFrom }: DiffOptions, context: CommandContext): Promise<readonly string[]> {
  const named = await readImages(given, context);
  if (imagesFrom === undefined) return [...new Set(named)];
  if (imagesFrom === "-" && given.includes("-"))
    throw new CliError("CLI_USAGE", '"-" and --images-from - both want standard input', { advice: "standard input can be read once only" });
  return [...new Set([...named, ...(await readImagesFrom(imagesFrom, context))])];
}

function namespaceOf({ inNamespace }: DiffOptions): Pick<ImageRequest, "inNamespace"> {
  return inNamespace === undefined ? {} : { inNamespace };
}

async function compare(request: ImageRequest, { before, after }: Sides, signal: AbortSignal): Promise<Comparison> {
  // Side by side: what a registry says may change from one moment to the next.
  const [old, next] = await Promise.all([before.verify(request, signal), after.verify(request, signal)]);
  return { image: request.image, before: old, after: next };
}

/** 1 as soon as an image that was allowed would not be; 0 only if nothing changes and everything is certain. */
function answerOf(comparison: Comparison): "yes" | "no" | "doubt" {
  const change = changeOf(comparison);
  if (change === "lost") return "no";
  return change === "unchanged" && comparison.after.verdict.outcome !== "inconclusive" ? "yes" : "doubt";
}

function print(
  outcomes: readonly Outcome<Comparison>[],
  { output, at, context }: { readonly output: DiffOptions["output"]; readonly at: number; readonly context: CommandContext },
): void {
  const { stdout } = context.deps;
  if (output === "json" || output === "yaml") stdout.write(printDocument(toDiffDocument(outcomes, at), output));
  else stdout.write(renderDiff(outcomes, { all: output === "wide", paint: paintFor(stdout) }));
}

/** An object that is not accepted judges otherwise than it says: whoever compares has to know. */
function noteRefused({ before, after }: Sides, context: CommandContext): void {
  for (const [name, composition] of [
    ["old", before],
    ["new", after],
  ] as const) {
    const refused = countObjects(composition.check().filter((entry) => !entry.accepted));
    if (refused > 0)
      context.deps.stderr.write(
        `note: ${refused} ${refused === 1 ? "object" : "objects"} of the ${name} manifests ${refused === 1 ? "is" : "are"} not accepted; "countersign check" says why\n`,
      );
  }
}
