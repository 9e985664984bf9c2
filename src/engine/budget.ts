import type { Clock, Deadline } from "../kernel/clock.ts";

/** No store gets more of what is left of a request than this share, so that one slow store cannot use up the time of those asked after it (design 6.2). */
const largestShare = 0.6;

/** The time of one verification. */
export class Budget {
  readonly #clock: Clock;
  readonly #endsAt: number;
  readonly startedAt: number;

  /** `startedAt`: by the monotonic clock; default now. */
  constructor(clock: Clock, totalMs: number, startedAt: number = clock.monotonic()) {
    this.#clock = clock;
    this.startedAt = startedAt;
    this.#endsAt = startedAt + totalMs;
  }

  /** The same time, and bytes as at the beginning: of one of several images, which must not read what another needs. */
  withOwnBytes(): Budget {
    return new Budget(this.#clock, this.#endsAt - this.startedAt, this.startedAt);
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.startedAt;
  }

  /** A store's slice: `min(timeoutMs, 60 % of what remains)`. */
  slice(timeoutMs: number): number {
    return Math.max(1, Math.min(timeoutMs, largestShare * (this.#endsAt - this.#clock.monotonic())));
  }

  deadline(timeoutMs: number, signal: AbortSignal): Deadline {
    return this.#clock.deadline(this.slice(timeoutMs), signal);
  }
}
