import type { Digest } from "../oci/digest.ts";
import { digestOf } from "../oci/digest-of.ts";

/** Bytes that were read, each once. */
export class Content {
  readonly #bytes: Map<Digest, Uint8Array>;

  constructor(known: ReadonlyMap<Digest, Uint8Array> = new Map()) {
    this.#bytes = new Map(known);
  }

  get all(): ReadonlyMap<Digest, Uint8Array> {
    return this.#bytes;
  }

  /** Under the digest of what they are, whatever they were asked for as. */
  keep(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    if (!this.#bytes.has(digest)) this.#bytes.set(digest, bytes);
    return digest;
  }

  get(digest: Digest): Uint8Array | undefined {
    return this.#bytes.get(digest);
  }
}
