import { type ErrorClass, errorClasses, remedies } from "../api/error-class.ts";
import { CodedError, type Remedy } from "../kernel/error.ts";
import { TapeError } from "../tape/tape-error.ts";
import { adviceOf } from "./advice.ts";
import { CliError } from "./cli-error.ts";
import { printable } from "./escape.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { tapeAdvice } from "./tape-advice.ts";

/** Causes deeper than this repeat what was said. */
const maxCauses = 4;

const byRemedy: { readonly [R in Remedy]: string } = {
  retry: "try again; if it stays, look at what the message names",
  "fix-configuration": 'correct what the message names; "countersign check" says what is accepted',
  none: "this is a defect of Countersign: please report it with these lines",
};

export interface ErrorText {
  /** Lines for standard error. */
  readonly text: string;
  readonly exit: ExitCode;
}

/**
 * An error for people: `error: message (CODE)`, what caused it, and what to do. Of an error that is none of ours the message is not shown,
 * only its class and where it was thrown: messages of the runtime quote their input (`JSON.parse` does), which may be a secret.
 */
export function describeError(error: unknown): ErrorText {
  if (!(error instanceof CodedError)) {
    return { text: `error: internal failure: ${foreign(error)} (INTERNAL)\nwhat to do: ${byRemedy.none}\n`, exit: exitCodes.failure };
  }
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof CodedError && causes.length < maxCauses; cause = cause.cause)
    causes.push(`because: ${line(cause)}\n`);
  return { text: `error: ${line(error)}\n${causes.join("")}what to do: ${printable(adviceFor(error))}\n`, exit: exitOf(error) };
}

function line(error: CodedError<string>): string {
  return printable(`${error.message} (${error.code})`);
}

/** What to do about an error: its own advice, that of its error class, that of its code, or that of its remedy. */
export function adviceFor(error: unknown): string {
  if (!(error instanceof CodedError)) return byRemedy.none;
  if (error instanceof CliError) return error.advice;
  if (error instanceof TapeError) return tapeAdvice[error.code];
  const found = "class" in error ? errorClasses.find((name): name is ErrorClass => name === error.class) : undefined;
  const remedy: Remedy = error.remedy;
  return found === undefined ? (adviceOf(error.code) ?? byRemedy[remedy]) : remedies[found];
}

function exitOf(error: CodedError<string>): ExitCode {
  if (error instanceof CliError) return error.exit;
  return error.remedy === "fix-configuration" ? exitCodes.usage : exitCodes.failure;
}

function foreign(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const frame = error.stack?.split("\n").find((text) => /^\s+at .*:\d+:\d+/.test(text));
  return printable(frame === undefined ? error.name : `${error.name} ${frame.trim()}`);
}
