import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "../../src/kernel/error.ts";
import { type Reconciled, runWorkers } from "../../src/kube/worker.ts";
import { WorkQueue } from "../../src/kube/work-queue.ts";
import { ManualClock } from "../support/clock.ts";
import { RecordingLogger, RecordingMetrics } from "./fixture.ts";

class SceneError extends CodedError<"SCENE"> {}

type Reconcile = (key: string, pass: { readonly reconcileID: string }, signal: AbortSignal) => Promise<Reconciled>;

function scene(reconcile: Reconcile, options: { readonly concurrency?: number; readonly timeoutMs?: number } = {}) {
  const clock = new ManualClock();
  const metrics = new RecordingMetrics();
  const logger = new RecordingLogger();
  const queue = new WorkQueue<string>({ name: "test", clock, metrics });
  const controller = new AbortController();
  let id = 0;
  const newId = (): string => `pass-${(id += 1)}`;
  const running = runWorkers({ name: "test", queue, reconcile, newId, clock, logger, metrics, ...options }, controller.signal);
  const results = (): Record<string, number> =>
    Object.fromEntries(
      ["success", "requeue_after", "requeue", "error"].map((result) => [
        result,
        metrics.values.get(`controller_runtime_reconcile_total{controller=test,result=${result}}`) ?? 0,
      ]),
    );
  return { clock, queue, logger, metrics, running, controller, results };
}

test("runWorkers() forgets a key that went well, and gives each pass an id", async () => {
  const passes: string[] = [];
  const { clock, queue, running, results } = scene(async (key, { reconcileID }) => {
    passes.push(`${key} ${reconcileID}`);
    return { next: "change" };
  });
  queue.add("a");
  queue.add("b");
  await clock.settle();
  queue.shutDown();
  await running;
  assert.deepEqual(passes, ["a pass-1", "b pass-2"]);
  assert.deepEqual(results(), { success: 2, requeue_after: 0, requeue: 0, error: 0 });
  assert.equal(clock.pending, 0);
});

test("runWorkers() has its series begin at 0, so that a first failure is an increase", async () => {
  const { metrics, queue, running } = scene(() => Promise.resolve({ next: "change" }));
  queue.shutDown();
  await running;
  const series = [...metrics.values].filter(([name]) => name.startsWith("controller_runtime_reconcile_") || name.includes("terminal"));
  assert.deepEqual(Object.fromEntries(series), {
    "controller_runtime_reconcile_total{controller=test,result=success}": 0,
    "controller_runtime_reconcile_total{controller=test,result=requeue_after}": 0,
    "controller_runtime_reconcile_total{controller=test,result=requeue}": 0,
    "controller_runtime_reconcile_total{controller=test,result=error}": 0,
    "controller_runtime_reconcile_errors_total{controller=test}": 0,
    "controller_runtime_terminal_reconcile_errors_total{controller=test}": 0,
  });
});

test("runWorkers() tries a failed key again after 750 ms, then 1.5 s, and logs the pass", async () => {
  const times: number[] = [];
  const { clock, queue, logger, controller, running, results } = scene(async () => {
    times.push(clock.monotonic());
    if (times.length < 3) throw new SceneError("SCENE", "no luck", { remedy: "retry" });
    return { next: "change" };
  });
  queue.add("a");
  await clock.advance(10_000);
  assert.deepEqual(times, [0, 750, 2250]);
  assert.deepEqual(results(), { success: 1, requeue_after: 0, requeue: 0, error: 2 });
  assert.deepEqual(
    logger.lines.map(({ fields }) => [fields["key"], fields["reconcileID"], fields["retryInMs"]]),
    [
      ["a", "pass-1", 750],
      ["a", "pass-2", 1500],
    ],
  );
  assert.equal(queue.failures("a"), 0);
  controller.abort();
  await running;
});

test("runWorkers() does not try again what no repetition mends", async () => {
  let passes = 0;
  const { clock, queue, metrics, controller, running } = scene(async () => {
    passes += 1;
    throw new SceneError("SCENE", "wrong", { remedy: "fix-configuration" });
  });
  queue.add("a");
  await clock.advance(3_600_000);
  assert.deepEqual([passes, metrics.values.get("controller_runtime_terminal_reconcile_errors_total{controller=test}")], [1, 1]);
  controller.abort();
  await running;
});

test("runWorkers() comes back at the hour that a pass names, and soon when it says retry", async () => {
  const times: number[] = [];
  const answers: Reconciled[] = [{ next: "after", ms: 60_000 }, { next: "retry" }, { next: "change" }];
  const { clock, queue, controller, running, results } = scene(async () => {
    times.push(clock.monotonic());
    return answers.shift() ?? { next: "change" };
  });
  queue.add("a");
  await clock.advance(120_000);
  assert.deepEqual(times, [0, 60_000, 60_750]);
  assert.deepEqual(results(), { success: 1, requeue_after: 1, requeue: 1, error: 0 });
  controller.abort();
  await running;
});

test("runWorkers() ends a pass that takes too long, and tries again", async () => {
  let passes = 0;
  const { clock, queue, controller, running } = scene(
    async (_key, _pass, signal) => {
      passes += 1;
      await clock.sleep(3_600_000, signal);
      return { next: "change" };
    },
    { timeoutMs: 1000 },
  );
  queue.add("a");
  await clock.advance(1749);
  assert.equal(passes, 1);
  await clock.advance(1);
  assert.equal(passes, 2);
  controller.abort();
  await running;
  assert.equal(clock.pending, 0);
});

test("runWorkers() works on several keys at a time, and on each by one worker only", async () => {
  const active: string[] = [];
  let most = 0;
  const { clock, queue, controller, running } = scene(
    async (key, _pass, signal) => {
      assert.equal(active.includes(key), false);
      active.push(key);
      most = Math.max(most, active.length);
      await clock.sleep(100, signal);
      active.splice(active.indexOf(key), 1);
      return { next: "change" };
    },
    { concurrency: 3 },
  );
  for (const key of ["a", "b", "c", "d"]) queue.add(key);
  await clock.advance(50);
  queue.add("a");
  await clock.advance(1000);
  assert.equal(most, 3);
  controller.abort();
  await running;
});
