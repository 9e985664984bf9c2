import { LRUCache } from "lru-cache";
import { ExpressionError, type ExpressionInput } from "../api/expression.ts";
import { type Clock, raceSignal } from "../kernel/clock.ts";
import { ExpressionWorker } from "./expression-worker.ts";
import { FairQueue } from "./fair-queue.ts";
import type { Answer } from "./program.ts";
import type { Request } from "./protocol.ts";

export interface ExpressionPoolOptions {
  readonly clock: Clock;
  /** Threads at the same time; at least 1. Default 2. */
  readonly workers?: number;
  /** For one evaluation, from when a worker has it; then the worker is ended. Default 1,000 ms. */
  readonly deadlineMs?: number;
  /** For a worker to load, which takes some 150 ms on an idle machine. Default 10,000 ms. */
  readonly startMs?: number;
  /** A worker without work ends after this. Default 2 minutes. */
  readonly idleMs?: number;
  /** Evaluations that may wait for a worker. Default 256. */
  readonly queue?: number;
  /** Of a worker's objects, in megabytes. Default 64. */
  readonly heapMb?: number;
  /** Starts a worker. Default {@link ExpressionWorker}; tests have one that never gets ready. */
  readonly start?: (options: { readonly heapMb: number }) => Pick<ExpressionWorker, "ready" | "ended" | "ask" | "stop">;
}

type Thread = ReturnType<Required<ExpressionPoolOptions>["start"]>;

interface Task {
  readonly request: Request;
  readonly answer: PromiseWithResolvers<Answer>;
}

interface Idle {
  readonly worker: Thread;
  /** Aborted when it gets work. */
  readonly timer: AbortController;
}

const defaults: Required<Omit<ExpressionPoolOptions, "clock">> = {
  workers: 2,
  deadlineMs: 1000,
  startMs: 10_000,
  idleMs: 120_000,
  queue: 256,
  heapMb: 64,
  start: (options) => new ExpressionWorker(options),
};

/** How many expressions are remembered as slow: 2 KiB each. */
const rememberedSlow = 1024;
/** An expression that ran into its deadline, or killed its worker, counts as slow for this long. */
const slowMs = 60_000;

/**
 * Evaluates expressions in threads of their own: port `Expressions` of engine/. Threads start with the first evaluation and end when there is none for a while.
 * Expressions take turns, and those that ran into their deadline lately never have all workers: whoever may write an expression can slow his own down, and
 * little else.
 */
export class ExpressionPool implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #limits: Required<ExpressionPoolOptions>;
  readonly #queue: FairQueue<Task>;
  /** Until when, by the monotonic clock. */
  readonly #slow = new LRUCache<string, number>({ max: rememberedSlow });
  readonly #idle: Idle[] = [];
  /** Of each worker in use: whether its expression is slow. One that is being ended counts until it has. */
  readonly #busy = new Map<symbol, { readonly isSlow: boolean; readonly done: Promise<void> }>();
  readonly #stop = new AbortController();
  #running = 0;

  constructor(options: ExpressionPoolOptions) {
    this.#clock = options.clock;
    this.#limits = { ...defaults, ...options };
    this.#queue = new FairQueue(this.#limits.queue);
  }

  /** Threads that there are, for tests and metrics. */
  get workers(): { readonly busy: number; readonly idle: number } {
    return { busy: this.#busy.size, idle: this.#idle.length };
  }

  /** Evaluations that a worker has, and whose deadline runs. */
  get running(): number {
    return this.#running;
  }

  /** Evaluations that wait for a worker. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * @throws ExpressionError EXPRESSION_INVALID, EXPRESSION_NOT_BOOLEAN, EXPRESSION_TIMEOUT, and EXPRESSION_FAILED for everything else;
   * the signal's reason, as soon as it aborts
   */
  async evaluate(expression: string, input: ExpressionInput, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    this.#stop.signal.throwIfAborted();
    const task: Task = { request: { expression, input }, answer: Promise.withResolvers() };
    this.#queue.add(expression, task)?.answer.reject(busy());
    this.#serve();
    try {
      const answer = await raceSignal(task.answer.promise, signal);
      if (answer.ok) return answer.value;
      throw new ExpressionError(answer.code, answer.message, { remedy: "fix-configuration" });
    } finally {
      this.#queue.remove(expression, task);
    }
  }

  /** Ends all workers; what waits or runs fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new ExpressionError("EXPRESSION_FAILED", "expressions are not evaluated any more", { remedy: "retry" }));
    for (let task = this.#queue.take(() => true); task !== undefined; task = this.#queue.take(() => true))
      task.answer.reject(this.#stop.signal.reason);
    const idle = this.#idle.splice(0).map(({ worker, timer }) => {
      timer.abort();
      return worker.stop();
    });
    await Promise.all([...idle, ...[...this.#busy.values()].map(({ done }) => done)]);
  }

  /** Gives work to workers as long as there is either. */
  #serve(): void {
    while (this.#busy.size < this.#limits.workers) {
      const slowOnes = [...this.#busy.values()].filter(({ isSlow }) => isSlow).length;
      const mayBeSlow = slowOnes < Math.max(1, this.#limits.workers - 1);
      const task = this.#queue.take((expression) => mayBeSlow || !this.#isSlow(expression));
      if (task === undefined) return;
      const id = Symbol("busy");
      const done = this.#run(task).finally(() => {
        this.#busy.delete(id);
        if (!this.#stop.signal.aborted) this.#serve();
      });
      this.#busy.set(id, { isSlow: this.#isSlow(task.request.expression), done });
    }
  }

  /** One evaluation. Never rejects; resolves once the worker is free again, or gone. */
  async #run({ request, answer }: Task): Promise<void> {
    const worker = this.#takeIdle() ?? this.#limits.start({ heapMb: this.#limits.heapMb });
    try {
      await this.#started(worker);
      answer.resolve(await this.#asked(worker, request));
      this.#putIdle(worker);
    } catch (error) {
      answer.reject(error);
      await worker.stop();
    }
  }

  async #started(worker: Thread): Promise<void> {
    try {
      await this.#within(this.#limits.startMs, worker.ready);
    } catch (cause) {
      this.#stop.signal.throwIfAborted();
      throw new ExpressionError("EXPRESSION_FAILED", "no worker for expressions could be started", { cause, remedy: "retry" });
    }
  }

  async #asked(worker: Thread, request: Request): Promise<Answer> {
    try {
      const asked = this.#within(this.#limits.deadlineMs, worker.ask(request));
      this.#running += 1;
      return await asked;
    } catch (cause) {
      this.#stop.signal.throwIfAborted();
      this.#slow.set(request.expression, this.#clock.monotonic() + slowMs);
      if (!(cause instanceof DOMException && cause.name === "TimeoutError")) throw failure(cause);
      const message = `it takes more than the ${this.#limits.deadlineMs} ms that an expression may take`;
      throw new ExpressionError("EXPRESSION_TIMEOUT", message, { cause, remedy: "retry" });
    } finally {
      this.#running -= 1;
    }
  }

  /** @throws the reason of a signal: of the deadline, or of the end of everything */
  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    using deadline = this.#clock.deadline(ms, this.#stop.signal);
    return await raceSignal(work, deadline.signal);
  }

  #isSlow(expression: string): boolean {
    return this.#clock.monotonic() < (this.#slow.get(expression) ?? 0);
  }

  #takeIdle(): Thread | undefined {
    const idle = this.#idle.pop(); // the one used last: what is not needed any more becomes old
    idle?.timer.abort();
    return idle?.worker;
  }

  #putIdle(worker: Thread): void {
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    const idle: Idle = { worker, timer: new AbortController() };
    this.#idle.push(idle);
    const old = this.#clock.sleep(this.#limits.idleMs, idle.timer.signal);
    // Rejected: it has got work, or everything ends.
    void Promise.race([old, worker.ended]).then(
      () => this.#drop(idle),
      () => {},
    );
  }

  /** Of one that is old, or has died. */
  async #drop(idle: Idle): Promise<void> {
    const at = this.#idle.indexOf(idle);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    idle.timer.abort();
    await idle.worker.stop();
  }
}

/** It has killed its worker; or its input is no plain data, which is a defect of ours. */
function failure(cause: unknown): ExpressionError {
  return cause instanceof ExpressionError
    ? cause
    : new ExpressionError("EXPRESSION_FAILED", "it could not be handed to a worker", { cause });
}

function busy(): ExpressionError {
  return new ExpressionError("EXPRESSION_FAILED", "too many expressions wait to be evaluated", { remedy: "retry" });
}
