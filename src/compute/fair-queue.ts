/**
 * Work that waits, by a key: keys take turns, so that many of one make the others wait for one of it at a time, however many there are. When it is full,
 * whoever has most gives way.
 */
export class FairQueue<T> {
  readonly #waiting = new Map<string, T[]>();
  readonly #most: number;
  #size = 0;

  /** `most`: how many may wait; at least 1. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds to the end of its key's own; returns what had to give way: `item` itself, or the latest of the key that has most. */
  add(key: string, item: T): T | undefined {
    const own = this.#waiting.get(key) ?? [];
    own.push(item);
    this.#waiting.set(key, own);
    this.#size += 1;
    if (this.#size <= this.#most) return undefined;
    let longest: readonly [string, T[]] = [key, own]; // of several as long, the one that came last
    for (const entry of this.#waiting) if (entry[1].length > longest[1].length) longest = entry;
    const [of, items] = longest;
    const last = items.at(-1);
    if (last !== undefined) this.remove(of, last);
    return last;
  }

  /** The first of the key whose turn it is, of those that `may` be taken. */
  take(may: (key: string) => boolean): T | undefined {
    for (const [key, items] of this.#waiting) {
      const [first] = items;
      if (first === undefined || !may(key)) continue;
      this.#waiting.delete(key);
      this.#size -= 1;
      if (items.length > 1) this.#waiting.set(key, items.slice(1)); // at the end: the others have their turn first
      return first;
    }
    return undefined;
  }

  /** False if it does not wait any more. */
  remove(key: string, item: T): boolean {
    const items = this.#waiting.get(key) ?? [];
    const rest = items.filter((other) => other !== item);
    if (rest.length === items.length) return false;
    this.#size -= items.length - rest.length;
    if (rest.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, rest);
    return true;
  }
}
