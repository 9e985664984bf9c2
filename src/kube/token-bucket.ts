import type { Clock } from "../kernel/clock.ts";

/** So many at once, and then at a steady pace. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #limits: { readonly perSecond: number; readonly burst: number };
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, limits: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Until there is one, in ms; 0: there is. */
  waitMs(): number {
    this.#fill();
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#limits.perSecond) * 1000);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const { burst, perSecond } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
  }
}
