interface Kept<V> {
  readonly value: V;
  readonly size: number;
}
interface Owned<V> {
  /** Least recently used first. */
  readonly entries: Map<string, Kept<V>>;
  size: number;
}

export interface FairCacheOptions<V> {
  /** Entries in all. */
  readonly max: number;
  /** Of all together, in the unit of `sizeOf`. */
  readonly maxSize: number;
  readonly sizeOf: (value: V, key: string) => number;
}

/**
 * A bounded cache that many fill: where it is full, the least recently used of whoever has most goes. Nobody can push out what others keep by filling it, and
 * all find what any of them has put there.
 */
export class FairCache<V> {
  readonly #options: FairCacheOptions<V>;
  readonly #owners = new Map<string, Owned<V>>();
  readonly #ownerOf = new Map<string, string>();
  #size = 0;

  constructor(options: FairCacheOptions<V>) {
    this.#options = options;
  }

  get count(): number {
    return this.#ownerOf.size;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const owned = this.#owners.get(this.#ownerOf.get(key) ?? "");
    const kept = owned?.entries.get(key);
    if (owned === undefined || kept === undefined) return undefined;
    owned.entries.delete(key);
    owned.entries.set(key, kept);
    return kept.value;
  }

  /** Counts for `owner` from now on, whoever had put it there. What is larger than everything may be is not kept. */
  set(key: string, value: V, owner: string): void {
    this.delete(key);
    const size = this.#options.sizeOf(value, key);
    if (size > this.#options.maxSize) return;
    const owned = this.#owners.get(owner) ?? { entries: new Map<string, Kept<V>>(), size: 0 };
    owned.entries.set(key, { value, size });
    owned.size += size;
    this.#owners.set(owner, owned);
    this.#ownerOf.set(key, owner);
    this.#size += size;
    while (this.#ownerOf.size > this.#options.max) this.#evict(({ entries }) => entries.size);
    while (this.#size > this.#options.maxSize) this.#evict(({ size: own }) => own);
  }

  delete(key: string): void {
    const owner = this.#ownerOf.get(key);
    const owned = owner === undefined ? undefined : this.#owners.get(owner);
    const kept = owned?.entries.get(key);
    if (owner === undefined || owned === undefined || kept === undefined) return;
    owned.entries.delete(key);
    owned.size -= kept.size;
    this.#size -= kept.size;
    this.#ownerOf.delete(key);
    if (owned.entries.size === 0) this.#owners.delete(owner);
  }

  #evict(amount: (owned: Owned<V>) => number): void {
    let most: Owned<V> | undefined;
    for (const owned of this.#owners.values()) if (most === undefined || amount(owned) > amount(most)) most = owned;
    const [key] = most?.entries.keys() ?? [];
    if (key !== undefined) this.delete(key);
  }
}
