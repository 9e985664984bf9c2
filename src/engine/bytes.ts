import type { StoreLimits } from "../api/store.ts";
import type { Digest } from "../oci/digest.ts";

/** A read that is about to be made. */
export interface ByteClaim {
  /** Name of the Store that is read. */
  readonly store: string;
  readonly limits: StoreLimits;
  readonly subject: Digest;
  /** The artifact that is read, or whose layer is. */
  readonly artifact: Digest;
  readonly size: number;
}

/**
 * What may be read from each Store of one image (with `platforms: Named`, of each manifest of its index). Half of `limits.totalBytes` is shared out equally among `limits.artifacts` artifacts of the image, and each
 * has its part whatever the others take; the other half is for whoever comes: a few large artifacts, which anybody may attach, cannot keep a signature from
 * being read. The first subject that reads is the image; what refers to its referrers reads from the common half only.
 */
export class ByteBudget {
  readonly #stores = new Map<string, StoreAccount>();
  #image: Digest | undefined;

  /** False where there is no room for it; else the bytes count as read, whatever becomes of the read. */
  take(claim: ByteClaim): boolean {
    this.#image ??= claim.subject;
    const account = this.#stores.get(claim.store) ?? new StoreAccount(claim.limits);
    this.#stores.set(claim.store, account);
    return account.take(claim, claim.subject === this.#image);
  }
}

class StoreAccount {
  readonly #artifacts: number;
  readonly #part: number;
  readonly #used = new Map<Digest, number>();
  #common: number;

  constructor({ artifacts, totalBytes }: StoreLimits) {
    this.#artifacts = artifacts;
    this.#part = Math.floor(totalBytes / 2 / artifacts);
    this.#common = totalBytes - this.#part * artifacts;
  }

  take({ artifact, size }: ByteClaim, hasPart: boolean): boolean {
    const used = hasPart ? this.#own(artifact) : this.#part;
    const rest = Math.max(0, size - (this.#part - used));
    if (rest > this.#common) return false;
    this.#common -= rest;
    if (hasPart && used < this.#part) this.#used.set(artifact, used + size - rest);
    return true;
  }

  /** Parts are given out once for each artifact; who comes after the last one has none. */
  #own(artifact: Digest): number {
    const used = this.#used.get(artifact);
    if (used !== undefined) return used;
    if (this.#used.size >= this.#artifacts) return this.#part;
    this.#used.set(artifact, 0);
    return 0;
  }
}
