import type { Clock } from "../kernel/clock.ts";
import { CodedError } from "../kernel/error.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../kernel/metrics.ts";
import type { WorkQueue } from "./work-queue.ts";

/** What comes after a key was worked on: nothing until it changes, another time at an hour known already, or soon, as after a failure. */
export type Reconciled = { readonly next: "change" } | { readonly next: "after"; readonly ms: number } | { readonly next: "retry" };

/** What workers are made of. */
export interface WorkerOptions<K extends string> {
  readonly name: string;
  readonly queue: WorkQueue<K>;
  /**
   * Brings the world in line with one key; reads afresh what is there. A thrown error is tried again after a pause, unless it is a CodedError whose
   * remedy is not `retry`: that one waits for a change.
   */
  readonly reconcile: (key: K, pass: { readonly reconcileID: string }, signal: AbortSignal) => Promise<Reconciled>;
  /** How many keys at a time; never the same one twice. Default 1. */
  readonly concurrency?: number;
  /** How long one pass may take, in ms. Default 60 s. */
  readonly timeoutMs?: number;
  /** Makes the id that ties the log lines of one pass together. */
  readonly newId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const results = ["success", "requeue_after", "requeue", "error"] as const;

/** Works on a queue's keys until the queue is shut down and empty, or `signal` aborts; then resolves. */
export async function runWorkers<K extends string>(options: WorkerOptions<K>, signal: AbortSignal): Promise<void> {
  const metrics = declareMetrics(options.metrics);
  const workers = Array.from({ length: options.concurrency ?? 1 }, () => runWorker(options, metrics, signal));
  metrics.concurrency.set(workers.length, { controller: options.name });
  // Series that begin at 0, as controller-runtime's do: the first failure is then an increase, and not only a new series.
  for (const result of results) metrics.total.add(0, { controller: options.name, result });
  metrics.errors.add(0, { controller: options.name });
  metrics.terminalErrors.add(0, { controller: options.name });
  await Promise.all(workers);
}

async function runWorker<K extends string>(options: WorkerOptions<K>, metrics: WorkerMetrics, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  while (!signal.aborted) {
    let key: K | undefined;
    try {
      key = await queue.get(signal);
    } catch {
      return; // aborted: what is queued belongs to the next start
    }
    if (key === undefined) return;
    try {
      await workOn(key, { options, metrics }, signal);
    } finally {
      queue.done(key);
    }
  }
}

/** One pass; what follows from its result is controller-runtime's (pkg/internal/controller reconcileHandler). */
async function workOn<K extends string>(
  key: K,
  context: { readonly options: WorkerOptions<K>; readonly metrics: WorkerMetrics },
  signal: AbortSignal,
): Promise<void> {
  const { options, metrics } = context;
  const { clock, logger, queue, name } = options;
  const reconcileID = options.newId();
  const startedAt = clock.monotonic();
  using deadline = clock.deadline(options.timeoutMs ?? 60_000, signal);
  let result: (typeof results)[number] = "success";
  try {
    const done = await options.reconcile(key, { reconcileID }, deadline.signal);
    switch (done.next) {
      case "change":
        queue.forget(key);
        break;
      case "after":
        result = "requeue_after";
        queue.forget(key);
        queue.addAfter(key, done.ms);
        break;
      case "retry":
        result = "requeue";
        queue.addRateLimited(key);
        break;
    }
  } catch (error) {
    if (signal.aborted) return;
    result = "error";
    const isTerminal = error instanceof CodedError && error.remedy !== "retry";
    metrics.errors.add(1, { controller: name });
    if (isTerminal) metrics.terminalErrors.add(1, { controller: name });
    const retryInMs = isTerminal ? undefined : Math.round(queue.addRateLimited(key));
    logger.error("reconciling failed", { controller: name, key, reconcileID, retryInMs, ...(error instanceof Error && { error }) });
  } finally {
    metrics.total.add(1, { controller: name, result });
    metrics.duration.observe((clock.monotonic() - startedAt) / 1000, { controller: name });
  }
}

interface WorkerMetrics {
  readonly total: Counter;
  readonly errors: Counter;
  readonly terminalErrors: Counter;
  readonly duration: Histogram;
  readonly concurrency: Gauge;
}

/** Names and buckets of controller-runtime (pkg/internal/controller/metrics). */
function declareMetrics(metrics: Metrics): WorkerMetrics {
  const labelNames = ["controller"];
  return {
    total: metrics.counter("controller_runtime_reconcile_total", "Passes over a key", ["controller", "result"]),
    errors: metrics.counter("controller_runtime_reconcile_errors_total", "Passes that failed", labelNames),
    terminalErrors: metrics.counter(
      "controller_runtime_terminal_reconcile_errors_total",
      "Passes that failed and are not tried again",
      labelNames,
    ),
    duration: metrics.histogram("controller_runtime_reconcile_time_seconds", "How long a pass takes", {
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      labelNames,
    }),
    concurrency: metrics.gauge("controller_runtime_max_concurrent_reconciles", "How many keys are worked on at a time", labelNames),
  };
}
