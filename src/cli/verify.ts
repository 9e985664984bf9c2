import { type Command, Option } from "commander";
import type { Report } from "../engine/report.ts";
import type { Explanation } from "../snapshot/explanation.ts";
import { countObjects } from "./check.ts";
import { CliError } from "./cli-error.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { answersOf, eachImage, exitOf, type ImageWork, type Outcome, printErrors, refuseInvalid, refuseNone } from "./each-image.ts";
import { printable } from "./escape.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { isSingle, readImages } from "./images.ts";
import { isLayout } from "./layout-image.ts";
import { addCommonOptions, type CommonOptions, inNamespaceOption, nonEmpty, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import type { Composition, ImageRequest } from "./ports.ts";
import { verifyingMode } from "./record.ts";
import { differencesOf, notesOf, replayed } from "./replay.ts";
import { toReportDocument } from "./report-document.ts";
import { renderReport } from "./report-text.ts";
import { glyphsFor } from "./tree.ts";

const formats = ["text", "json", "yaml"] as const;
const answers = { allow: "yes", deny: "no", inconclusive: "doubt" } as const;

interface VerifyOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
  readonly inNamespace?: string;
  readonly as?: string;
  readonly record?: string;
  readonly replay?: string;
}
interface How {
  readonly options: VerifyOptions;
  readonly context: CommandContext;
}

export function addVerify(program: Command, context: CommandContext): Command {
  const command = program
    .command("verify")
    .description("judge images: allow, deny or inconclusive")
    .argument("[IMAGE...]", 'image references, or oci:DIR[@DIGEST]; "-" reads them from standard input, one a line')
    .addOption(inNamespaceOption("as if an object of this namespace ran the images: its own policies and stores count too"))
    .addOption(outputOption(formats))
    .addOption(
      new Option("--as <IMAGE>", "of oci:DIR: the reference whose scopes count (default: every policy applies)").argParser(
        nonEmpty("--as"),
      ),
    )
    .addOption(
      new Option("--record <FILE>", "keep everything that the verdict on one image is made of, and no secret").argParser(
        nonEmpty("--record"),
      ),
    )
    .addOption(
      new Option("--replay <FILE>", "verify again what was recorded, without contacting anybody")
        .argParser(nonEmpty("--replay"))
        .conflicts(["record", "inNamespace", "as", "manifests", "kubeconfig", "namespace", "fileRoot"]),
    )
    .action(async (images: readonly string[], options: VerifyOptions) => context.finish(await verify(images, options, context)));
  return addCommonOptions(command);
}

async function verify(given: readonly string[], options: VerifyOptions, context: CommandContext): Promise<ExitCode> {
  if (options.replay !== undefined) return await replay(options.replay, given, { options, context });
  const images = await readImages(given, context);
  refuseNone(images, "verify");
  await using mode = await verifyingMode(options, images, context);
  return await withComposition(options, context, async (composition) => {
    refuseInvalid(images, composition);
    if (options.as !== undefined) refuseName(options.as, images, composition);
    const work: ImageWork<Report> = {
      verb: "verify",
      doing: "verifying",
      failed: "CLI_VERIFY_FAILED",
      run: (image, signal) => mode.verify(toRequest(image, options), composition, signal),
      timedOut,
    };
    const outcomes = await eachImage(images, work, { options, context });
    await mode.finish(composition);
    print(outcomes, composition, { options, context, single: isSingle(given) || options.record !== undefined });
    return exitOf(outcomes, ({ verdict }) => answers[verdict.outcome]);
  });
}

function toRequest(image: string, { inNamespace, as }: VerifyOptions): ImageRequest {
  return { image, ...(inNamespace !== undefined && { inNamespace }), ...(as !== undefined && isLayout(image) && { as }) };
}

/** @throws CliError CLI_USAGE for a name that is none, or that nothing would have */
function refuseName(name: string, images: readonly string[], composition: Composition): void {
  if (!images.some(isLayout))
    throw new CliError("CLI_USAGE", "--as works with oci:DIR only: an image of a registry has its own name", { advice: "leave --as out" });
  if (isLayout(name))
    throw new CliError("CLI_USAGE", `--as: "${name}" is no image reference`, { advice: "write registry/repository, as in a pod" });
  refuseInvalid([name], composition);
}

async function replay(file: string, given: readonly string[], how: How): Promise<ExitCode> {
  const { options, context } = how;
  const { stderr, version } = context.deps;
  const answer = await replayed(file, given, { timeoutMs: options.timeout, context });
  const { report, explanation } = answer;
  const outcomes = [{ image: report.image, value: report }];
  print(outcomes, { check: () => [], explain: () => explanation }, { ...how, single: true });
  if (options.output === "text") stderr.write(notesOf(answer));
  const differences = differencesOf(answer, version);
  for (const difference of differences) stderr.write(`replay differs: ${printable(difference)}\n`);
  return differences.length > 0 ? exitCodes.failure : exitOf(outcomes, ({ verdict }) => answers[verdict.outcome]);
}

/** A directory is sent no credential. */
function explanationOf(image: string, composition: Pick<Composition, "explain">, namespace: string | undefined): Explanation {
  return isLayout(image) ? { image, reference: null, stores: [], policies: [] } : composition.explain(image, namespace);
}

/** Running out of time is an answer. */
function timedOut(image: string, { sentence, durationMs }: { readonly sentence: string; readonly durationMs: number }): Report {
  const causes = [sentence];
  return {
    image,
    verdict: { outcome: "inconclusive", code: "Timeout", causes },
    summary: `${image} is inconclusive (Timeout): ${causes.join()}`,
    complete: false,
    onInconclusive: "Deny",
    policies: [],
    stores: [],
    artifacts: [],
    viewRevision: "",
    durationMs,
  };
}

function print(
  outcomes: readonly Outcome<Report>[],
  composition: Pick<Composition, "check" | "explain">,
  how: How & { readonly single: boolean },
): void {
  const { stdout, stderr } = how.context.deps;
  const reports = answersOf(outcomes);
  const explained = (image: string): Explanation => explanationOf(image, composition, how.options.inNamespace);
  if (how.options.output === "text") {
    const style = { paint: paintFor(stdout), glyphs: glyphsFor(stdout) };
    stdout.write(reports.map((report) => renderReport(report, explained(report.image), style)).join("\n"));
    const refused = countObjects(composition.check().filter((entry) => !entry.accepted));
    if (refused > 0)
      stderr.write(`note: ${refused} ${refused === 1 ? "object is" : "objects are"} not accepted; "countersign check" says why\n`);
  } else {
    const documents = reports.map((report) => toReportDocument(report, explained(report.image)));
    if (!how.single) stdout.write(printDocument(documents, how.options.output));
    else if (documents[0] !== undefined) stdout.write(printDocument(documents[0], how.options.output));
  }
  printErrors(outcomes, how.context);
}
