/** Bound of every message that reaches a status (design 2.1). */
const messageBytes = 256;
const ellipsis = "…";

/** The message, or as much of it as fits in 256 bytes of UTF-8, cut between characters. */
export function clipMessage(message: string): string {
  // A UTF-16 unit is at most three bytes, so that a short text needs no encoding at all.
  if (message.length * 3 <= messageBytes) return message;
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= messageBytes) return message;
  const room = messageBytes - new TextEncoder().encode(ellipsis).length;
  return new TextDecoder().decode(bytes.subarray(0, room), { stream: true }) + ellipsis;
}
