import { type Clock, timed } from "../../src/kernel/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until a test moves it: nothing in a test then depends on how fast the machine is. */
export class ManualClock implements Clock {
  readonly #startedAt: number;
  readonly #timers = new Set<Timer>();
  readonly sleep: Clock["sleep"];
  readonly deadline: Clock["deadline"];
  #now: number;
  #order = 0;

  /** `startAt`: epoch ms; default 2026-01-01T00:00:00Z. */
  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#startedAt = startAt;
    this.#now = startAt;
    ({ sleep: this.sleep, deadline: this.deadline } = timed((ms, fire) => this.#schedule(ms, fire)));
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#startedAt;
  }

  /** How many sleepers and deadlines are waiting: 0 after a clean stop. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms`, firing what falls due in order of its time; between two instants, promises and I/O callbacks that are ready settle. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#earliest(until); next !== undefined; next = this.#earliest(until)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.fire();
      await this.settle();
    }
    this.#now = until;
    await this.settle();
  }

  /** Lets promise chains and callbacks that are ready run, without moving time. */
  async settle(): Promise<void> {
    // A turn of the event loop empties the microtask queue; a chain that hops over setImmediate or a stream needs a few more.
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Whole milliseconds, rounded up, as timers do: a fraction would vanish beside the epoch, and who waits for it would wait for ever. */
  #schedule(ms: number, fire: () => void): Disposable {
    const timer: Timer = { at: this.#now + Math.ceil(Math.max(ms, 0)), order: this.#order, fire };
    this.#order += 1;
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  #earliest(until: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (found === undefined || timer.at < found.at || (timer.at === found.at && timer.order < found.order)) found = timer;
    }
    return found;
  }
}
