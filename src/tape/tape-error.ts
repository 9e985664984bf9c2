import { CodedError } from "../kernel/error.ts";

/** Stable; docs/reference/recording.md has a row for each. */
export const tapeErrorCodes = [
  "TAPE_UNREADABLE",
  "TAPE_UNWRITABLE",
  "TAPE_NOT_A_TAPE",
  "TAPE_VERSION_UNKNOWN",
  "TAPE_INVALID",
  "TAPE_ALTERED",
  "TAPE_TOO_LARGE",
  "TAPE_WITHOUT_END",
] as const;
export type TapeErrorCode = (typeof tapeErrorCodes)[number];

/** A recording cannot be made, or cannot be played: another file has to be given. `message` echoes nothing of a recording but places in it. */
export class TapeError extends CodedError<TapeErrorCode> {
  constructor(code: TapeErrorCode, message: string) {
    super(code, message, { remedy: "fix-configuration" });
  }
}
