/** 5 probes a second, 10 at once, per origin (registry-auth 6.2): what a registry hardly notices, whatever number of Stores point at it. */
const defaults = { perSecond: 5, burst: 10 } as const;

/** Above this many, what is over is forgotten; what is not over is bounded by the Stores there are. */
const sweepAbove = 1024;

/**
 * Politeness towards registries (registry-auth 6.2). A token bucket per origin that hands out times: whoever asks gets the moment from which it may go, and owns it. So each waits once,
 * however many wait. Durations and times are milliseconds of a monotonic clock.
 */
export class OriginLimiter {
  readonly #spacingMs: number;
  readonly #burst: number;
  /** Theoretical arrival time (GCRA): the moment at which the bucket is full again. An origin whose bucket is full is forgotten. */
  readonly #fullAt = new Map<string, number>();
  readonly #heldUntil = new Map<string, number>();

  constructor(options: { readonly perSecond?: number; readonly burst?: number } = {}) {
    this.#spacingMs = 1000 / (options.perSecond ?? defaults.perSecond);
    this.#burst = options.burst ?? defaults.burst;
  }

  /** How many origins have a bucket that is not full. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** The time, ≥ `now`, at which one more request to `origin` may start; it is reserved. */
  reserve(origin: string, now: number): number {
    const fullAt = Math.max(this.#fullAt.get(origin) ?? now, now) + this.#spacingMs;
    this.#fullAt.set(origin, fullAt);
    forgetPast(this.#fullAt, now);
    return Math.max(now, fullAt - this.#burst * this.#spacingMs);
  }

  /** A registry asked this identity to stay away until `until`: whoever else asks with it waits too. */
  hold(origin: string, options: { readonly identity: string; readonly until: number; readonly now: number }): void {
    const key = `${origin} ${options.identity}`;
    this.#heldUntil.set(key, Math.max(options.until, this.#heldUntil.get(key) ?? 0));
    forgetPast(this.#heldUntil, options.now);
  }

  /** The time, ≥ `now`, before which `identity` is not to ask `origin`. */
  heldUntil(origin: string, options: { readonly identity: string; readonly now: number }): number {
    return Math.max(this.#heldUntil.get(`${origin} ${options.identity}`) ?? 0, options.now);
  }
}

function forgetPast(times: Map<string, number>, now: number): void {
  if (times.size <= sweepAbove) return;
  for (const [key, time] of times) if (time <= now) times.delete(key);
}
