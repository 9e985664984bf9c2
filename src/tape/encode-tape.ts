import { decodeTape } from "./decode-tape.ts";
import { longestTape, type Tape } from "./tape.ts";
import { TapeError } from "./tape-error.ts";

/**
 * JSON of one line, so that a tool for JSON can show it and a line feed ends it. What could not be read again is no recording: that is found out now.
 * @throws TapeError TAPE_TOO_LARGE, TAPE_INVALID
 */
export function encodeTape(tape: Tape): Uint8Array {
  const contentBytes = [...tape.content.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  // Base64 is longer: this is asked first so that what cannot fit is not made.
  const bytes = contentBytes > longestTape ? undefined : Buffer.from(`${JSON.stringify(toJSON(tape))}\n`);
  if (bytes !== undefined && bytes.byteLength <= longestTape) {
    decodeTape(bytes);
    return bytes;
  }
  throw new TapeError("TAPE_TOO_LARGE", `The verification read too much: a recording has at most ${longestTape / 1024 / 1024} MiB`);
}

function toJSON({ content, ...tape }: Tape): object {
  return { ...tape, content: Object.fromEntries([...content].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString("base64")])) };
}
