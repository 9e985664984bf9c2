import type { Clock } from "../kernel/clock.ts";

/** How often work may be tried again. */
export interface RateLimits {
  /** First pause of one key, in ms; doubled with each further failure. Default 750 ms. */
  readonly keyInitialMs: number;
  /** Longest pause of one key, in ms. Default 15 min. */
  readonly keyMaxMs: number;
  /** Retries of all keys of one group together, per second. Default 10. */
  readonly perSecond: number;
  /** So many of them may come at once. Default 100. */
  readonly burst: number;
}

/** Flux's numbers for one key (fluxcd runtime/controller/rate_limiter.go), client-go's for all (workqueue default_rate_limiters.go). */
export const retryLimits: RateLimits = { keyInitialMs: 750, keyMaxMs: 900_000, perSecond: 10, burst: 100 };

/** Groups whose failures are remembered; beyond, those that owe nothing are forgotten. */
const maxIdleGroups = 1000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * Says how long a failed key waits: by its own failures and by those of its group, whichever is longer. A group is who shares a fate, such as the objects
 * of one namespace: with one bucket for all, a namespace whose every object fails would keep the rest from being tried again.
 */
export class RateLimiter<K> {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #failures = new Map<K, number>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limits: RateLimits = retryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The pause to make before `key` is tried again, in ms; counts as a failure of it and of its group. */
  when(key: K, group = ""): number {
    const { keyInitialMs, keyMaxMs } = this.#limits;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.max(Math.min(keyInitialMs * 2 ** failures, keyMaxMs), this.#reserve(group));
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
  #reserve(group: string): number {
    const { perSecond, burst } = this.#limits;
    const now = this.#clock.monotonic();
    if (!this.#buckets.has(group) && this.#buckets.size >= maxIdleGroups) this.#prune(now);
    const bucket = this.#buckets.get(group) ?? { tokens: burst, filledAt: now };
    this.#buckets.set(group, bucket);
    bucket.tokens = this.#filled(bucket, now) - 1;
    bucket.filledAt = now;
    return bucket.tokens >= 0 ? 0 : (-bucket.tokens / perSecond) * 1000;
  }

  #filled({ tokens, filledAt }: Bucket, now: number): number {
    const { perSecond, burst } = this.#limits;
    return Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
  }

  #prune(now: number): void {
    for (const [group, bucket] of this.#buckets) if (this.#filled(bucket, now) >= this.#limits.burst) this.#buckets.delete(group);
  }
}
