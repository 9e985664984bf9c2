/**
 * Runs pieces of work that hold up the event loop for milliseconds: one in each turn of it, in order of arrival, whoever asks, so that everything else gets
 * its turn in between.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Rejects with the signal's reason once its turn has come; what was given up then costs no time. */
  async run<T>(work: () => T, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      signal.throwIfAborted();
      // Not a timer: it comes after the input and output that is ready, however much that is.
      await new Promise<void>((next) => {
        setImmediate(next);
      });
      signal.throwIfAborted();
      return work();
    } finally {
      resolve();
    }
  }
}
