import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.ts";
import { isConclusive, type VerificationResult, type Verifier } from "./verifier.ts";

/** Results per verifier: each is some hundred bytes. */
const rememberedResults = 10_000;

export interface ResultKey {
  readonly artifact: Digest;
  readonly subject: Digest;
}

/**
 * What a verifier found of an artifact, for one subject. Keyed by the verifier's instance, which is rebuilt when its keys change; only what was found
 * out is kept, never that it could not be found out. Content is immutable by its digest, so nothing here ever becomes wrong.
 */
export class ResultCache {
  readonly #byVerifier = new WeakMap<Verifier, LRUCache<string, VerificationResult>>();

  get(verifier: Verifier, key: ResultKey): VerificationResult | undefined {
    return this.#byVerifier.get(verifier)?.get(textOf(key));
  }

  /** What is inconclusive, or may not be all, is not kept, whoever asks for it. */
  set(verifier: Verifier, key: ResultKey, result: VerificationResult): void {
    if (!isConclusive(result)) return;
    const known = this.#byVerifier.get(verifier) ?? new LRUCache<string, VerificationResult>({ max: rememberedResults });
    this.#byVerifier.set(verifier, known);
    known.set(textOf(key), result);
  }
}

function textOf({ artifact, subject }: ResultKey): string {
  return `${artifact} ${subject}`;
}
