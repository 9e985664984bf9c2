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

/** A recording cannot be made, or cannot be played. `message` says what and where, and echoes nothing of the recording but places in it. */
export class TapeError extends CodedError<(typeof tapeErrorCodes)[number]> {}
