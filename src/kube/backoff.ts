import type { Clock } from "../kernel/clock.ts";

/** How pauses grow. All in ms. */
export interface BackoffOptions {
  /** The first pause. */
  readonly initialMs: number;
  /** No pause grows beyond this before jitter. */
  readonly maxMs: number;
  /** After so long without a pause the next one is the first again. */
  readonly resetMs: number;
  /** Each pause is stretched by up to this share of itself: 1 doubles it at most. */
  readonly jitter: number;
}

/** client-go tools/cache/reflector.go: settles at 30 to 60 s, so that a restarted API server is not met by all its clients at once. */
export const reflectorBackoff: BackoffOptions = { initialMs: 800, maxMs: 30_000, resetMs: 120_000, jitter: 1 };

/** Pauses that double, with jitter, and begin anew after a quiet time. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #nextMs: number;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions, sources: { readonly clock: Clock; readonly random: () => number }) {
    this.#options = options;
    this.#clock = sources.clock;
    this.#random = sources.random;
    this.#nextMs = options.initialMs;
  }

  /** The pause to make now, in ms. */
  next(): number {
    const { initialMs, maxMs, resetMs, jitter } = this.#options;
    const now = this.#clock.monotonic();
    if (now - this.#lastAt > resetMs) this.#nextMs = initialMs;
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, maxMs);
    const stretched = ms * (1 + jitter * this.#random());
    this.#lastAt = now + stretched; // the quiet time is counted from the end of the pause
    return stretched;
  }
}
