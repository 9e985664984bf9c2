import { createHash } from "node:crypto";
import { type Digest, digestAlgorithm } from "./digest.ts";

/** Digest of `bytes` under the algorithm of `like` (default sha256). */
export function digestOf(bytes: Uint8Array, like?: Digest): Digest {
  const algorithm = like === undefined ? "sha256" : digestAlgorithm(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}
