import { raceSignal } from "../kernel/clock.ts";
import { humanDuration } from "./age.ts";
import { CliError } from "./cli-error.ts";
import { type CommonOptions, compositionOptions } from "./options.ts";
import type { ExitCode } from "./exit.ts";
import type { CliDeps, Composition } from "./ports.ts";

/** After its signal a step may still answer with what it knows; then it is not waited for. */
const graceMs = 1000;

/** What every command gets: the outside, and the one place where its exit code goes. A command that does not call `finish` has failed. */
export interface CommandContext {
  readonly deps: CliDeps;
  readonly signal: AbortSignal;
  readonly finish: (code: ExitCode) => void;
}

/** Opens the objects that the options name, does the work, and closes them whatever happened. */
export async function withComposition<T>(
  options: CommonOptions,
  context: CommandContext,
  work: (composition: Composition) => Promise<T>,
): Promise<T> {
  await using composition = await open(options, context);
  return await work(composition);
}

async function open(options: CommonOptions, context: CommandContext): Promise<Composition> {
  let opening: Promise<Composition> | undefined;
  try {
    return await bounded(context, { timeoutMs: options.timeout, doing: "reading the configuration" }, (signal) => {
      opening = context.deps.open(compositionOptions(options), signal);
      return opening;
    });
  } catch (error) {
    // One that opens after all would keep its watches, and so the process, alive.
    opening?.then(
      (late) => late[Symbol.asyncDispose](),
      () => {
        /* it is this error that was caught, or one that nobody waits for any more */
      },
    );
    throw error;
  }
}

/**
 * One step under `--timeout`. @throws CliError CLI_TIMEOUT when it did not answer; the context's reason when the command was stopped
 */
export async function bounded<T>(
  context: CommandContext,
  step: { readonly timeoutMs: number; readonly doing: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using soft = context.deps.deadline(step.timeoutMs, context.signal);
  using hard = context.deps.deadline(step.timeoutMs + graceMs, context.signal);
  try {
    context.signal.throwIfAborted();
    const answer = work(soft.signal);
    answer.catch(() => {
      /* raceSignal does not look at it any more once the signal has aborted: it must not become an unhandled rejection */
    });
    return await raceSignal(answer, hard.signal);
  } catch (error) {
    const ranOut = (soft.signal.aborted && error === soft.signal.reason) || (hard.signal.aborted && error === hard.signal.reason);
    if (!ranOut || context.signal.aborted) throw error;
    throw new CliError("CLI_TIMEOUT", `No answer within ${durationText(step.timeoutMs)} while ${step.doing}`, {
      advice: "try again, or give it longer with --timeout",
      cause: error,
    });
  }
}

/** As `--timeout` takes it. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? humanDuration(ms) : `${ms}ms`;
}
