import type { TapeErrorCode } from "../tape/tape-error.ts";

const again = "get the recording again from where it was kept: this copy was changed";

/** What to do about a recording that cannot be made or played. */
export const tapeAdvice: { readonly [C in TapeErrorCode]: string } = {
  TAPE_UNREADABLE: 'give --replay the path of a file that "countersign verify --record" wrote',
  TAPE_UNWRITABLE: "give --record a path in a directory that is there and that you may write to",
  TAPE_NOT_A_TAPE:
    'give --replay a file that "countersign verify --record" wrote; if it is one, it was cut off: get it again from where it was kept',
  TAPE_VERSION_UNKNOWN: "replay it with the version of countersign that recorded it",
  TAPE_INVALID: `${again}, or is from a later version of countersign`,
  TAPE_ALTERED: again,
  TAPE_TOO_LARGE: "lower limits.totalBytes of the Stores that apply, or verify without --record",
  TAPE_WITHOUT_END: again,
};
