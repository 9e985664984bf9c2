import type { Clock } from "../kernel/clock.ts";

/** How often work may be tried again. */
export interface RateLimits {
  /** First pause of one key, in ms; doubled with each further failure. Default 750 ms. */
  readonly keyInitialMs: number;
  /** Longest pause of one key, in ms. Default 15 min. */
  readonly keyMaxMs: number;
  /** Retries of all keys together, per second. Default 10. */
  readonly perSecond: number;
  /** So many of them may come at once. Default 100. */
  readonly burst: number;
}

/** Flux's numbers for one key (fluxcd runtime/controller/rate_limiter.go), client-go's for all (workqueue default_rate_limiters.go). */
export const retryLimits: RateLimits = { keyInitialMs: 750, keyMaxMs: 900_000, perSecond: 10, burst: 100 };

/** Says how long a failed key waits: by its own failures and by those of all, whichever is longer. */
export class RateLimiter<K> {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #failures = new Map<K, number>();
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, limits: RateLimits = retryLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#filledAt = clock.monotonic();
  }

  /** The pause to make before `key` is tried again, in ms; counts as a failure of it. */
  when(key: K): number {
    const { keyInitialMs, keyMaxMs } = this.#limits;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.max(Math.min(keyInitialMs * 2 ** failures, keyMaxMs), this.#reserve());
  }

  /** Forgets the failures of a key: it went well, or is no more. */
  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** Failures of a key since it was last forgotten. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Token bucket with a debt: who comes late waits for those before. */
  #reserve(): number {
    const { perSecond, burst } = this.#limits;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond) - 1;
    this.#filledAt = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / perSecond) * 1000;
  }
}
