import { type Clock, raceSignal } from "../kernel/clock.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../kernel/metrics.ts";
import { type RateLimits, RateLimiter, retryLimits } from "./rate-limiter.ts";

/** What a queue is made of. */
export interface WorkQueueOptions {
  /** Label `name` of its metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: RateLimits;
  /** Keys of one group wait for each other, those of several take turns: one that has thousands does not keep the others waiting. Default: one group. */
  readonly groupOf?: (key: string) => string;
}

interface Waiting {
  readonly dueAt: number;
  readonly timer: AbortController;
}

/**
 * Keys that need work, each once: adding a key that waits changes nothing, adding one that is being worked on brings it back when that is done
 * (client-go util/workqueue). It holds keys and never objects, so it is no larger than the number of objects.
 */
export class WorkQueue<K extends string> {
  readonly #options: WorkQueueOptions;
  readonly #limiter: RateLimiter<K>;
  readonly #metrics: ReturnType<typeof declareMetrics>;
  /** Needs work. */
  readonly #dirty = new Set<K>();
  /** Handed out and not done. */
  readonly #processing = new Map<K, number>();
  /** Those in `#dirty` that are not in `#processing`: groups in order of their turns, in each its keys in order. Value: since when. */
  readonly #queue = new Map<string, Map<K, number>>();
  #length = 0;
  readonly #later = new Map<K, Waiting>();
  #changed = Promise.withResolvers<void>();
  #isShutDown = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.clock, options.limits ?? retryLimits);
    this.#metrics = declareMetrics(options.metrics);
  }

  /** Keys that could be handed out now. */
  get length(): number {
    return this.#length;
  }

  /** Marks a key; nothing after the queue was shut down. */
  add(key: K): void {
    if (this.#isShutDown || this.#dirty.has(key)) return;
    this.#metrics.adds.add(1, this.#labels);
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#push(key);
  }

  /** The next key, which is then being worked on until `done`; `undefined` once the queue is shut down and empty. Rejects with the signal's reason. */
  async get(signal: AbortSignal): Promise<K | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const next = this.#take();
      if (next !== undefined) {
        const [key, since] = next;
        const now = this.#options.clock.monotonic();
        this.#dirty.delete(key);
        this.#processing.set(key, now);
        this.#metrics.waited.observe((now - since) / 1000, this.#labels);
        this.#metrics.depth.set(this.#length, this.#labels);
        return key;
      }
      if (this.#isShutDown) return undefined;
      await raceSignal(this.#changed.promise, signal);
    }
  }

  /** The work on a key has ended, well or not; if the key was marked meanwhile it is queued again. */
  done(key: K): void {
    const since = this.#processing.get(key);
    if (since === undefined) return;
    this.#processing.delete(key);
    this.#metrics.worked.observe((this.#options.clock.monotonic() - since) / 1000, this.#labels);
    if (this.#dirty.has(key)) this.#push(key);
    this.#notify();
  }

  /** Marks a key after `ms`; of several such times the earliest counts. */
  addAfter(key: K, ms: number): void {
    if (this.#isShutDown) return;
    if (ms <= 0) {
      this.#cancel(key);
      this.add(key);
      return;
    }
    const dueAt = this.#options.clock.monotonic() + ms;
    const known = this.#later.get(key);
    if (known !== undefined && known.dueAt <= dueAt) return;
    this.#cancel(key);
    const timer = new AbortController();
    this.#later.set(key, { dueAt, timer });
    this.#options.clock.sleep(ms, timer.signal).then(
      () => {
        this.#later.delete(key);
        this.add(key);
      },
      () => {
        /* cancelled: an earlier time took its place, or the queue was shut down */
      },
    );
  }

  /** Marks a key after the pause that its failures, and those of all keys, ask for. Returns that pause, in ms. */
  addRateLimited(key: K): number {
    const ms = this.#limiter.when(key, this.#groupOf(key));
    this.#metrics.retries.add(1, this.#labels);
    this.addAfter(key, ms);
    return ms;
  }

  /** Forgets the failures of a key. */
  forget(key: K): void {
    this.#limiter.forget(key);
  }

  /** Failures of a key since it was last forgotten. */
  failures(key: K): number {
    return this.#limiter.failures(key);
  }

  /** Takes no more keys and drops those that wait for a time; what is queued is still handed out. */
  shutDown(): void {
    this.#isShutDown = true;
    for (const key of [...this.#later.keys()]) this.#cancel(key);
    this.#notify();
  }

  /** The same, and resolves once nothing is queued or worked on. Rejects with the signal's reason. */
  async drain(signal: AbortSignal): Promise<void> {
    this.shutDown();
    while (this.#length > 0 || this.#processing.size > 0) await raceSignal(this.#changed.promise, signal);
  }

  get #labels(): Readonly<Record<string, string>> {
    return { name: this.#options.name, controller: this.#options.name };
  }

  #push(key: K): void {
    const group = this.#groupOf(key);
    const keys = this.#queue.get(group) ?? new Map<K, number>();
    this.#queue.set(group, keys);
    keys.set(key, this.#options.clock.monotonic());
    this.#length += 1;
    this.#metrics.depth.set(this.#length, this.#labels);
    this.#notify();
  }

  /** The first key of the group whose turn it is; the group's next turn comes after all others'. */
  #take(): readonly [key: K, since: number] | undefined {
    for (const [group, keys] of this.#queue) {
      this.#queue.delete(group);
      for (const [key, since] of keys) {
        keys.delete(key);
        this.#length -= 1;
        if (keys.size > 0) this.#queue.set(group, keys);
        return [key, since];
      }
    }
    return undefined;
  }

  #groupOf(key: K): string {
    return this.#options.groupOf?.(key) ?? "";
  }

  #cancel(key: K): void {
    this.#later.get(key)?.timer.abort();
    this.#later.delete(key);
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}

/** Names and buckets of controller-runtime (pkg/internal/metrics/workqueue.go). */
function declareMetrics(metrics: Metrics): {
  readonly depth: Gauge;
  readonly adds: Counter;
  readonly waited: Histogram;
  readonly worked: Histogram;
  readonly retries: Counter;
} {
  const labelNames = ["name", "controller"];
  const buckets = [0.0001, 0.001, 0.01, 0.1, 1, 10, 60, 600];
  return {
    depth: metrics.gauge("workqueue_depth", "Keys that wait to be worked on", labelNames),
    adds: metrics.counter("workqueue_adds_total", "Keys added", labelNames),
    waited: metrics.histogram("workqueue_queue_duration_seconds", "How long a key waits before it is worked on", { buckets, labelNames }),
    worked: metrics.histogram("workqueue_work_duration_seconds", "How long the work on a key takes", { buckets, labelNames }),
    retries: metrics.counter("workqueue_retries_total", "Keys added again after a failure", labelNames),
  };
}
