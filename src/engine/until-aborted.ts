import { raceSignal } from "../kernel/clock.ts";

/** Ends with the signal's reason even where the Store does not listen to it. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await raceSignal(iterator.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a generator that hangs would hang here too.
    iterator.return?.().catch(() => {
      // It was told to stop, and how it stops is its own affair.
    });
  }
}
