import { FairCache } from "../kernel/fair-cache.ts";
import type { Digest } from "../oci/digest.ts";
import { isConclusive, type VerificationResult, type Verifier } from "./verifier.ts";

/** Of all Verifiers together: each is some hundred bytes, but for whoever names many signers. */
const rememberedResults = 20_000;
/** Of all together, in characters of JSON. */
const rememberedCharacters = 16 * 1024 * 1024;

export interface ResultKey {
  readonly artifact: Digest;
  readonly subject: Digest;
}

/**
 * What a verifier found of an artifact, for one subject. Keyed by the verifier's instance, which is rebuilt when its keys change; only what was found
 * out is kept, never that it could not be found out. Content is immutable by its digest, so nothing here ever becomes wrong. One bounded memory for all
 * verifiers, however many there are: a namespace that fills it pushes out its own.
 */
export class ResultCache {
  readonly #numbers = new WeakMap<Verifier, number>();
  readonly #results: FairCache<VerificationResult>;
  #given = 0;

  /** `max`: results; `maxSize`: characters of JSON. */
  constructor({ max = rememberedResults, maxSize = rememberedCharacters }: { readonly max?: number; readonly maxSize?: number } = {}) {
    this.#results = new FairCache({ max, maxSize, sizeOf: (result, key) => key.length + JSON.stringify(result).length });
  }

  get(verifier: Verifier, key: ResultKey): VerificationResult | undefined {
    const number = this.#numbers.get(verifier);
    return number === undefined ? undefined : this.#results.get(textOf(number, key));
  }

  /** What is inconclusive, or may not be all, is not kept, whoever asks for it. */
  set(verifier: Verifier, key: ResultKey, result: VerificationResult): void {
    if (!isConclusive(result)) return;
    const number = this.#numbers.get(verifier) ?? (this.#given += 1);
    this.#numbers.set(verifier, number);
    this.#results.set(textOf(number, key), result, ownerOf(verifier));
  }
}

function textOf(number: number, { artifact, subject }: ResultKey): string {
  return `${number} ${artifact} ${subject}`;
}

/** The namespace of a NamespacedVerifier; `""`: the cluster. */
function ownerOf({ name }: Verifier): string {
  return name.includes("/") ? (name.split("/", 1)[0] ?? "") : "";
}
