interface Entry<K> {
  readonly key: K;
  at: number;
  /** Equal times leave in the order in which they were set. */
  order: number;
}

/** Keys by the time at which they fall due: a binary heap, so that 10,000 Stores cost a wake-up what ten do. */
export class DueQueue<K> {
  readonly #heap: Entry<K>[] = [];
  readonly #places = new Map<K, number>();
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When `key` falls due; undefined if it is not waiting. */
  timeOf(key: K): number | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#heap[place]?.at;
  }

  /** Sets or moves the time of `key`. */
  set(key: K, at: number): void {
    const order = this.#order;
    this.#order += 1;
    const place = this.#places.get(key);
    const known = place === undefined ? undefined : this.#heap[place];
    if (place !== undefined && known !== undefined) {
      known.at = at;
      known.order = order;
      this.#up(place);
      this.#down(this.#places.get(key) ?? place);
      return;
    }
    this.#heap.push({ key, at, order });
    this.#places.set(key, this.#heap.length - 1);
    this.#up(this.#heap.length - 1);
  }

  delete(key: K): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    const last = this.#heap.pop();
    if (last === undefined || last.key === key) return;
    this.#heap[place] = last;
    this.#places.set(last.key, place);
    this.#up(place);
    this.#down(this.#places.get(last.key) ?? place);
  }

  /** The earliest time of all; undefined if nothing waits. */
  earliest(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Takes the earliest key, if it is due at `now`. */
  take(now: number): K | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  #up(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(start: number): void {
    let at = start;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < this.#heap.length && this.#before(left, least)) least = left;
      if (right < this.#heap.length && this.#before(right, least)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
    this.#places.set(right.key, a);
    this.#places.set(left.key, b);
  }
}
