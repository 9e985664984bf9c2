import { createHash } from "node:crypto";

/** Short hash of parts in order; unambiguous, since every part is length-prefixed. Inputs are names, uids and versions, never secret data. */
export function revisionOf(parts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part};`);
  return hash.digest("hex").slice(0, 24);
}
