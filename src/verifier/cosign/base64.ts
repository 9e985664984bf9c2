/**
 * Strict base64 (RFC 4648 §4, §5) of at most `bytes` bytes: the standard or the URL-safe alphabet, as DSSE asks of a consumer, with padding or without, and
 * no other character; undefined for anything else. One content has one spelling up to that: surplus bits must be zero.
 */
export function decodeBase64(text: string, bytes: number): Uint8Array | undefined {
  if (text.length > 4 * Math.ceil(bytes / 3)) return undefined;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  const decoded = Buffer.from(standard, "base64");
  if (decoded.byteLength > bytes) return undefined;
  const printed = decoded.toString("base64");
  return printed === standard || printed.replace(/=+$/, "") === standard ? decoded : undefined;
}
