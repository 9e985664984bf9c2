import { type Clock, raceSignal } from "../kernel/clock.ts";

export interface Winner<C, T> {
  readonly candidate: C;
  readonly value: T;
}
export interface Hedged<C, T> {
  /** Absent: every candidate failed. */
  readonly winner?: Winner<C, T>;
  /** What each failed with; candidates that were not needed are not in it. */
  readonly failures: ReadonlyMap<C, unknown>;
}

/**
 * Tries candidates in order until one succeeds: the next starts at once when one fails, and after `hedgeMs` when one is slow. Losers are aborted.
 * Never rejects: an abort of `signal` fails whoever is under way (docs/adr/0005-stores-on-one-location.md).
 */
export async function hedge<C, T>(
  candidates: readonly C[],
  attempt: (candidate: C, signal: AbortSignal) => Promise<T>,
  options: { readonly clock: Clock; readonly hedgeMs: number },
  signal: AbortSignal,
): Promise<Hedged<C, T>> {
  const failures = new Map<C, unknown>();
  const others = new AbortController();
  const combined = AbortSignal.any([signal, others.signal]);
  const { promise, resolve } = Promise.withResolvers<Winner<C, T> | undefined>();
  let started = 0;
  let settled = 0;

  const startNext = (): void => {
    const candidate = candidates[started];
    if (candidate === undefined || combined.aborted) {
      if (settled === started) resolve(undefined);
      return;
    }
    started += 1;
    void run(candidate);
    if (started < candidates.length) void startLater(started);
  };
  const run = async (candidate: C): Promise<void> => {
    try {
      // Raced: a candidate that does not listen to its signal must not hold up the others, nor the caller.
      const value = await raceSignal(attempt(candidate, combined), combined);
      resolve({ candidate, value });
    } catch (error) {
      if (others.signal.aborted) return; // a loser's abort is no failure of its own
      failures.set(candidate, error);
      settled += 1;
      startNext();
    }
  };
  const startLater = async (at: number): Promise<void> => {
    try {
      await options.clock.sleep(options.hedgeMs, combined);
    } catch {
      return; // somebody won, or the caller has gone
    }
    if (started === at) startNext();
  };

  startNext();
  try {
    const winner = await promise;
    return { failures, ...(winner !== undefined && { winner }) };
  } finally {
    others.abort(new DOMException("Another answer was enough", "AbortError"));
  }
}
