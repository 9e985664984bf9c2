import { KubeError } from "./kube-error.ts";

const lineFeed = 0x0a;

/** How long a line may be. */
export interface LineLimits {
  /** In bytes; no more than this and one chunk is ever held. */
  readonly maxLineBytes: number;
}

/**
 * Splits a stream into its lines, each without its line feed; empty lines are left out.
 * @throws {KubeError} KUBE_LIMIT_EXCEEDED; KUBE_PROTOCOL_VIOLATION when a line is not UTF-8, or the stream ends inside one
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, limits: LineLimits): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      const line = decode(decoder, [...held, chunk.subarray(from, at)], limits);
      held = [];
      heldBytes = 0;
      from = at + 1;
      if (line !== "") yield line;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > limits.maxLineBytes) throw tooLong(limits);
  }
  if (heldBytes > 0) throw new KubeError("KUBE_PROTOCOL_VIOLATION", "The stream ended inside a line");
}

function decode(decoder: TextDecoder, parts: readonly Uint8Array[], limits: LineLimits): string {
  const [first = new Uint8Array(), ...others] = parts;
  const bytes = others.length === 0 ? first : Buffer.concat(parts);
  if (bytes.length > limits.maxLineBytes) throw tooLong(limits);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new KubeError("KUBE_PROTOCOL_VIOLATION", "A line of the stream is not UTF-8");
  }
}

function tooLong(limits: LineLimits): KubeError {
  return new KubeError("KUBE_LIMIT_EXCEEDED", `A line of the stream is longer than ${limits.maxLineBytes} bytes`);
}
