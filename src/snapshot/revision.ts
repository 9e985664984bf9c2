import { createHash } from "node:crypto";

/** Short hash of parts in order; unambiguous, since every part is length-prefixed. Inputs are names, uids and versions, never secret data. */
export function revisionOf(parts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part};`);
  return hash.digest("hex").slice(0, 24);
}

/** Hashes are added modulo this: the sum of a set does not depend on its order, and a member goes as cheaply as it came. */
const modulus = 2n ** 256n;

/** Hash of a set of texts that is kept up to date member by member: one edit among ten thousand objects costs two hashes. */
export class SetRevision {
  #sum = 0n;

  add(member: string): void {
    this.#sum = (this.#sum + hashOf(member)) % modulus;
  }

  /** Of one that was added. */
  remove(member: string): void {
    this.#sum = (this.#sum - hashOf(member) + modulus) % modulus;
  }

  toString(): string {
    return this.#sum.toString(16).padStart(64, "0").slice(0, 24);
  }
}

function hashOf(member: string): bigint {
  return BigInt(`0x${createHash("sha256").update(member).digest("hex")}`);
}
