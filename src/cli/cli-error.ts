import { CodedError, type Remedy } from "../kernel/error.ts";
import { type ExitCode, exitCodes } from "./exit.ts";

export type CliErrorCode = "CLI_USAGE" | "CLI_NOT_FOUND" | "CLI_TIMEOUT" | "CLI_VERIFY_FAILED";

const traits: { readonly [C in CliErrorCode]: { readonly exit: ExitCode; readonly remedy: Remedy } } = {
  CLI_USAGE: { exit: exitCodes.usage, remedy: "fix-configuration" },
  CLI_NOT_FOUND: { exit: exitCodes.no, remedy: "fix-configuration" },
  CLI_TIMEOUT: { exit: exitCodes.failure, remedy: "retry" },
  CLI_VERIFY_FAILED: { exit: exitCodes.failure, remedy: "retry" },
};

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
