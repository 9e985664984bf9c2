import { FairCache } from "../../kernel/fair-cache.ts";

/** Of all Stores together, in bytes: what is kept is asked for within the same second. */
const mostBytes = 16 * 1024 * 1024;
const mostManifests = 4096;

/** The part of the memory that one Store sees. */
export interface Shelf {
  get(key: string): Uint8Array | undefined;
  set(key: string, bytes: Uint8Array): void;
}

/**
 * Manifests that were read by tag, whose content is the next thing asked for. One bounded memory for all Stores of a process: most of ten thousand are never
 * asked. Each sees only what it has put there itself, under the credentials that it was built with; a namespace that fills it pushes out its own.
 */
export class Contents {
  readonly #cache = new FairCache<Uint8Array>({ max: mostManifests, maxSize: mostBytes, sizeOf: (bytes) => bytes.byteLength });
  #opened = 0;

  open(namespace: string | undefined): Shelf {
    this.#opened += 1;
    const own = this.#opened;
    return {
      get: (key) => this.#cache.get(`${own} ${key}`),
      set: (key, bytes) => this.#cache.set(`${own} ${key}`, bytes, namespace ?? ""),
    };
  }
}
