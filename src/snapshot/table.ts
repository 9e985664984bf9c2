/** The compiled objects of one base kind, by id, as the compiler keeps them and as snapshots show them. */
export class Table<T> {
  readonly #entries = new Map<string, T>();
  #shown: ReadonlyMap<string, T> | undefined;

  get entries(): ReadonlyMap<string, T> {
    return this.#entries;
  }

  set(id: string, entry: T | undefined): void {
    this.#shown = undefined;
    if (entry === undefined) this.#entries.delete(id);
    else this.#entries.set(id, entry);
  }

  /** A copy that never changes; the same one for as long as nothing does. */
  shown(): ReadonlyMap<string, T> {
    this.#shown ??= new Map(this.#entries);
    return this.#shown;
  }
}
