import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.ts";
import type { VerificationResult, Verifier } from "./verifier.ts";

/** Results per verifier: each is some hundred bytes. */
const rememberedResults = 10_000;

/**
 * What a verifier found of an artifact, for one subject. Keyed by the verifier's instance, which is rebuilt when its keys change; only what was found
 * out is kept, never that it could not be found out. Content is immutable by its digest, so nothing here ever becomes wrong.
 */
export class ResultCache {
  readonly #byVerifier = new WeakMap<Verifier, LRUCache<string, VerificationResult>>();

  get(verifier: Verifier, artifact: Digest, subject: Digest): VerificationResult | undefined {
    return this.#byVerifier.get(verifier)?.get(`${artifact} ${subject}`);
  }

  set(verifier: Verifier, key: { readonly artifact: Digest; readonly subject: Digest }, result: VerificationResult): void {
    const known = this.#byVerifier.get(verifier) ?? new LRUCache<string, VerificationResult>({ max: rememberedResults });
    this.#byVerifier.set(verifier, known);
    known.set(`${key.artifact} ${key.subject}`, result);
  }
}
