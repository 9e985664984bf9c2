import type { Command } from "commander";
import type { Report } from "../engine/report.ts";
import { CodedError } from "../kernel/error.ts";
import { mapLimited } from "../kernel/limit.ts";
import { CliError } from "./cli-error.ts";
import { bounded, type CommandContext, durationText, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { adviceFor, describeError } from "./error-text.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { isSingle, readImages } from "./images.ts";
import { addCommonOptions, type CommonOptions, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import type { Composition } from "./ports.ts";
import { toReportDocument } from "./report-document.ts";
import { renderReport } from "./report-text.ts";

const formats = ["text", "json", "yaml"] as const;
/** Images judged at the same time: enough to hide a registry's latency, few enough not to be taken for an attack. */
const concurrency = 8;

interface VerifyOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
}
interface How {
  readonly options: VerifyOptions;
  readonly context: CommandContext;
}
type Outcome = { readonly image: string; readonly report: Report } | { readonly image: string; readonly error: unknown };

export function addVerify(program: Command, context: CommandContext): Command {
  const command = program
    .command("verify")
    .description("judge images: allow, deny or inconclusive")
    .argument("<IMAGE...>", 'image references; "-" reads them from standard input, one a line')
    .addOption(outputOption(formats))
    .action(async (images: readonly string[], options: VerifyOptions) => context.finish(await verify(images, options, context)));
  return addCommonOptions(command);
}

async function verify(given: readonly string[], options: VerifyOptions, context: CommandContext): Promise<ExitCode> {
  const images = await readImages(given, context);
  // Nothing judged is nothing allowed: an empty list must not pass a pipeline.
  if (images.length === 0)
    throw new CliError("CLI_USAGE", "There is no image to verify", { advice: "name one, or write one a line to standard input" });
  return withComposition(options, context, async (composition) => {
    for (const image of images) refuseInvalid(image, composition);
    const outcomes = await mapLimited(images, (image) => verifyOne(image, composition, { options, context }), {
      concurrency,
      signal: context.signal,
    });
    print(outcomes, composition, { options, context, single: isSingle(given) });
    return exitOf(outcomes);
  });
}

/** A slip in one reference is found before any registry is asked. */
function refuseInvalid(image: string, composition: Composition): void {
  const { error } = composition.explain(image);
  if (error === undefined) return;
  throw new CliError("CLI_USAGE", `"${image}" is no image reference: ${error.message}`, {
    advice: "write registry/repository:tag or registry/repository@sha256:…",
  });
}

async function verifyOne(image: string, composition: Composition, how: How): Promise<Outcome> {
  const { options, context } = how;
  const start = context.deps.now();
  try {
    const step = { timeoutMs: options.timeout, doing: `verifying "${image}"` };
    return { image, report: await bounded(context, step, (signal) => composition.verify(image, signal)) };
  } catch (error) {
    if (context.signal.aborted) throw error;
    if (error instanceof CliError && error.code === "CLI_TIMEOUT")
      return { image, report: timedOut(image, options.timeout, context.deps.now() - start) };
    // An error that is none of ours keeps its place of origin: describeError shows that rather than its message.
    if (!(error instanceof CodedError)) return { image, error };
    return { image, error: new CliError("CLI_VERIFY_FAILED", `Cannot verify "${image}"`, { advice: adviceFor(error), cause: error }) };
  }
}

/** Running out of time is an answer (inconclusive), not a failure of the command. */
function timedOut(image: string, timeoutMs: number, durationMs: number): Report {
  const causes = [`No answer within ${durationText(timeoutMs)}`];
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

function print(outcomes: readonly Outcome[], composition: Composition, how: How & { readonly single: boolean }): void {
  const { stdout, stderr } = how.context.deps;
  const reports = outcomes.flatMap((outcome) => ("report" in outcome ? outcome.report : []));
  if (how.options.output === "text") {
    stdout.write(reports.map((report) => renderReport(report, paintFor(stdout))).join("\n"));
    const refused = composition.check().filter((entry) => !entry.accepted).length;
    if (refused > 0)
      stderr.write(`note: ${refused} ${refused === 1 ? "object is" : "objects are"} not accepted; "countersign check" says why\n`);
  } else {
    const documents = reports.map((report) => toReportDocument(report, composition.explain(report.image)));
    if (!how.single) stdout.write(printDocument(documents, how.options.output));
    else if (documents[0] !== undefined) stdout.write(printDocument(documents[0], how.options.output));
  }
  for (const outcome of outcomes) if ("error" in outcome) stderr.write(describeError(outcome.error).text);
}

/** One denied image is enough for 1; then a failure, then a doubt. 0 only if every image has a report that allows it. */
function exitOf(outcomes: readonly Outcome[]): ExitCode {
  const verdicts = outcomes.map((outcome) => ("report" in outcome ? outcome.report.verdict.outcome : "failed"));
  if (verdicts.includes("deny")) return exitCodes.no;
  if (verdicts.includes("failed")) return exitCodes.failure;
  return verdicts.every((verdict) => verdict === "allow") ? exitCodes.ok : exitCodes.inconclusive;
}
