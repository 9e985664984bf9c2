import { CodedError } from "../kernel/error.ts";
import { mapLimited } from "../kernel/limit.ts";
import { CliError, type CliErrorCode } from "./cli-error.ts";
import { bounded, type CommandContext, durationText } from "./command.ts";
import { adviceFor, describeError } from "./error-text.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { isLayout, parseLayout } from "./layout-image.ts";
import type { CommonOptions } from "./options.ts";
import type { Composition } from "./ports.ts";
import { Progress } from "./progress.ts";

/** Images worked on at the same time: enough to hide a registry's latency, few enough not to be taken for an attack. */
const concurrency = 8;

/** What became of one image: an answer, or why there is none. */
export type Outcome<T> = { readonly image: string; readonly value: T } | { readonly image: string; readonly error: unknown };

/** One piece of work for every image. */
export interface ImageWork<T> {
  /** `verify`, as in "Cannot verify". */
  readonly verb: string;
  /** `verifying`, as in "No answer while verifying". */
  readonly doing: string;
  readonly failed: CliErrorCode;
  readonly run: (image: string, signal: AbortSignal) => Promise<T>;
  /** Running out of time is an answer, not a failure of the command; absent: it is one. */
  readonly timedOut?: (image: string, time: { readonly sentence: string; readonly durationMs: number }) => T;
}

/** Every image's outcome, in the order of the images. @throws CliError CLI_USAGE where there is none; the context's reason when the command was stopped */
export async function eachImage<T>(
  images: readonly string[],
  work: ImageWork<T>,
  how: { readonly options: CommonOptions; readonly context: CommandContext },
): Promise<readonly Outcome<T>[]> {
  using progress = new Progress(how.context.deps.stderr, work.doing, images.length);
  const one = (image: string): Promise<Outcome<T>> => {
    progress.next();
    return oneImage(image, work, how);
  };
  return await mapLimited(images, one, { concurrency, signal: how.context.signal });
}

/** Nothing judged is nothing allowed: an empty list must not pass a pipeline. @throws CliError CLI_USAGE */
export function refuseNone(images: readonly string[], verb: string): void {
  if (images.length > 0) return;
  throw new CliError("CLI_USAGE", `There is no image to ${verb}`, { advice: "name one, or write one a line to standard input" });
}

/** A slip in one reference is found before any registry is asked. @throws CliError CLI_USAGE */
export function refuseInvalid(images: readonly string[], composition: Composition): void {
  for (const image of images) {
    if (isLayout(image)) {
      parseLayout(image);
      continue;
    }
    const { error } = composition.explain(image);
    if (error === undefined) continue;
    throw new CliError("CLI_USAGE", `"${image}" is no image reference: ${error.message}`, {
      advice: "write registry/repository:tag, registry/repository@sha256:… or oci:DIR",
    });
  }
}

async function oneImage<T>(
  image: string,
  work: ImageWork<T>,
  { options, context }: { readonly options: CommonOptions; readonly context: CommandContext },
): Promise<Outcome<T>> {
  const start = context.deps.now();
  try {
    const step = { timeoutMs: options.timeout, doing: `${work.doing} "${image}"` };
    return { image, value: await bounded(context, step, (signal) => work.run(image, signal)) };
  } catch (error) {
    if (context.signal.aborted) throw error;
    if (error instanceof CliError && error.code === "CLI_TIMEOUT" && work.timedOut !== undefined) {
      const sentence = `No answer within ${durationText(options.timeout)}`;
      return { image, value: work.timedOut(image, { sentence, durationMs: context.deps.now() - start }) };
    }
    if (error instanceof CliError) return { image, error };
    // An error that is none of ours keeps its place of origin: describeError shows that rather than its message.
    if (!(error instanceof CodedError)) return { image, error };
    return { image, error: new CliError(work.failed, `Cannot ${work.verb} "${image}"`, { advice: adviceFor(error), cause: error }) };
  }
}

export function answersOf<T>(outcomes: readonly Outcome<T>[]): readonly T[] {
  return outcomes.flatMap((outcome) => ("value" in outcome ? [outcome.value] : []));
}

/** What went wrong, one after the other. */
export function printErrors(outcomes: readonly Outcome<unknown>[], context: CommandContext): void {
  for (const outcome of outcomes) if ("error" in outcome) context.deps.stderr.write(describeError(outcome.error).text);
}

/**
 * One no is enough for 1; then a failure (what the command line names cannot be used, where there is no other), then a doubt. 0 only if every image has an
 * answer that is a yes.
 */
export function exitOf<T>(outcomes: readonly Outcome<T>[], judge: (value: T) => "yes" | "no" | "doubt"): ExitCode {
  const judged = outcomes.flatMap((outcome) => ("value" in outcome ? [judge(outcome.value)] : []));
  const failures = outcomes.flatMap((outcome) => ("value" in outcome ? [] : [describeError(outcome.error).exit]));
  if (judged.includes("no")) return exitCodes.no;
  if (failures.length > 0) return failures.every((exit) => exit === exitCodes.usage) ? exitCodes.usage : exitCodes.failure;
  return judged.length > 0 && judged.every((one) => one === "yes") ? exitCodes.ok : exitCodes.inconclusive;
}
