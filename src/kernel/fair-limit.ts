import { CodedError } from "./error.ts";

/** Something that many pieces of work use, and how many of them may at a time. */
export interface Share {
  readonly key: string;
  readonly most: number;
}

/** Whom a piece of work is for, and what it uses. */
export interface Place {
  /** Turns go round the groups that wait; within a group they go round those whose shares differ. */
  readonly group: string;
  readonly shares: readonly Share[];
}

export interface FairLimitOptions {
  /** Pieces of work at a time. */
  readonly size: number;
  /** Of one group with the same shares, and of one group in all. */
  readonly waitingPerLane: number;
  readonly waitingPerGroup: number;
}

/** There are too many before it. */
export class FullError extends CodedError<"LIMIT_FULL"> {}

interface Waiting {
  readonly place: Place;
  readonly start: () => void;
}
interface Group {
  readonly lanes: Map<string, Waiting[]>;
  waiting: number;
}

/**
 * At most `size` pieces of work at a time, and of each share at most its own number: whoever uses something slow cannot take all places. Who waits has a turn by
 * group, the one that had its last the longest ago first, whatever the number that waits with it; a group without a free share is passed over and keeps its turn.
 */
export class FairLimit {
  readonly #options: FairLimitOptions;
  /** In order of turns; likewise the lanes of each. */
  readonly #groups = new Map<string, Group>();
  readonly #used = new Map<string, number>();
  #active = 0;

  constructor(options: FairLimitOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return [...this.#groups.values()].reduce((sum, group) => sum + group.waiting, 0);
  }

  /** @throws FullError at once where too many wait already; or the signal's reason, while it waits */
  async run<T>(place: Place, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(place, signal);
    try {
      return await work();
    } finally {
      this.#leave(place);
    }
  }

  async #enter(place: Place, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Nobody is overtaken: whoever waits while there are places waits for a share.
    if (this.#isFree(place)) {
      this.#take(place);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { place, start: resolve };
    this.#enqueue(waiting);
    const onAbort = (): void => {
      if (this.#dequeue(waiting)) reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #isFree({ shares }: Place): boolean {
    return this.#active < this.#options.size && shares.every(({ key, most }) => (this.#used.get(key) ?? 0) < most);
  }

  #take({ shares }: Place): void {
    this.#active += 1;
    for (const { key } of shares) this.#used.set(key, (this.#used.get(key) ?? 0) + 1);
  }

  #leave({ shares }: Place): void {
    this.#active -= 1;
    for (const { key } of shares) {
      const used = (this.#used.get(key) ?? 0) - 1;
      if (used > 0) this.#used.set(key, used);
      else this.#used.delete(key);
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#take(next.place);
      next.start();
    }
  }

  /** The first in turn that is free to go; it leaves the queue, and its group and lane go to the end of theirs. */
  #next(): Waiting | undefined {
    if (this.#active >= this.#options.size) return undefined;
    for (const [name, group] of this.#groups) {
      for (const [key, [first]] of group.lanes) {
        if (first === undefined || !this.#isFree(first.place)) continue;
        const lane = group.lanes.get(key) ?? [];
        group.lanes.delete(key);
        group.lanes.set(key, lane);
        this.#groups.delete(name);
        this.#groups.set(name, group);
        this.#dequeue(first);
        return first;
      }
    }
    return undefined;
  }

  #enqueue(waiting: Waiting): void {
    const { group: name } = waiting.place;
    const key = laneOf(waiting.place);
    const group = this.#groups.get(name) ?? { lanes: new Map<string, Waiting[]>(), waiting: 0 };
    const lane = group.lanes.get(key) ?? [];
    if (group.waiting >= this.#options.waitingPerGroup || lane.length >= this.#options.waitingPerLane)
      throw new FullError("LIMIT_FULL", "Too many are waiting already", { remedy: "retry" });
    lane.push(waiting);
    group.waiting += 1;
    group.lanes.set(key, lane);
    this.#groups.set(name, group);
  }

  /** False where it does not wait any more. */
  #dequeue(waiting: Waiting): boolean {
    const { group: name } = waiting.place;
    const key = laneOf(waiting.place);
    const group = this.#groups.get(name);
    const lane = group?.lanes.get(key) ?? [];
    const at = lane.indexOf(waiting);
    if (group === undefined || at < 0) return false;
    lane.splice(at, 1);
    group.waiting -= 1;
    if (lane.length === 0) group.lanes.delete(key);
    if (group.waiting === 0) this.#groups.delete(name);
    return true;
  }
}

function laneOf({ shares }: Place): string {
  return JSON.stringify(shares.map(({ key }) => key));
}
