import { CodedError, type Remedy } from "../kernel/error.ts";
import { type ExitCode, exitCodes } from "./exit.ts";

const traits = {
  CLI_USAGE: { exit: exitCodes.usage, remedy: "fix-configuration" },
  CLI_NOT_FOUND: { exit: exitCodes.no, remedy: "fix-configuration" },
  CLI_LAYOUT: { exit: exitCodes.usage, remedy: "fix-configuration" },
  CLI_TIMEOUT: { exit: exitCodes.failure, remedy: "retry" },
  CLI_VERIFY_FAILED: { exit: exitCodes.failure, remedy: "retry" },
  CLI_DISCOVER_FAILED: { exit: exitCodes.failure, remedy: "retry" },
  CLI_RESOLVE_FAILED: { exit: exitCodes.failure, remedy: "retry" },
  CLI_REPLAY_FAILED: { exit: exitCodes.usage, remedy: "fix-configuration" },
} as const satisfies Readonly<Record<string, { readonly exit: ExitCode; readonly remedy: Remedy }>>;
export type CliErrorCode = keyof typeof traits;
/** Every code of the command line's own errors. */
export const cliErrorCodes: readonly CliErrorCode[] = Object.keys(traits) as CliErrorCode[]; // a constant's own keys

/** A command that cannot do what it was asked: `advice` says what to do about it, in the reader's words. */
export class CliError extends CodedError<CliErrorCode> {
  readonly advice: string;
  readonly exit: ExitCode;
  constructor(code: CliErrorCode, message: string, options: { readonly advice: string; readonly cause?: unknown }) {
    super(code, message, { ...("cause" in options ? { cause: options.cause } : {}), remedy: traits[code].remedy });
    this.advice = options.advice;
    this.exit = traits[code].exit;
  }
}
