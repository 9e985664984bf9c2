interface Waiting {
  readonly signal: AbortSignal;
  /** Does the work, or tells that it was given up. Never throws. */
  readonly settle: () => void;
}

/**
 * Runs pieces of work that hold up the event loop for milliseconds: one in each turn of it, so that everything else gets its turn in between. They are taken
 * by whom they are for, round and round, and each one's own in order of arrival: whoever has thousands keeps another waiting for one of them.
 */
export class Turns {
  /** In order of turns. */
  readonly #waiting = new Map<string, Waiting[]>();
  #isServing = false;

  /** `of`: whom it is for. Rejects with the signal's reason once its turn has come; what was given up then costs no time. */
  async run<T>(of: string, work: () => T, signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settle = (): void => {
      try {
        signal.throwIfAborted();
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    const own = this.#waiting.get(of) ?? [];
    own.push({ signal, settle });
    this.#waiting.set(of, own);
    if (!this.#isServing) void this.#serve();
    return await promise;
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      // Not a timer: it comes after the input and output that is ready, however much that is.
      if (!next.signal.aborted)
        await new Promise<void>((done) => {
          setImmediate(done);
        });
      next.settle();
    }
    this.#isServing = false;
  }

  #take(): Waiting | undefined {
    for (const [of, own] of this.#waiting) {
      const next = own.shift();
      this.#waiting.delete(of);
      if (own.length > 0) this.#waiting.set(of, own); // at the end: the others have their turn first
      return next;
    }
    return undefined;
  }
}
