import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RateLimiter, retryLimits } from "../../src/kube/rate-limiter.ts";
import { WorkQueue } from "../../src/kube/work-queue.ts";
import { ManualClock } from "../support/clock.ts";
import { RecordingMetrics } from "./fixture.ts";

const signal = AbortSignal.timeout(30_000);

function queueOf(clock = new ManualClock()): {
  readonly queue: WorkQueue<string>;
  readonly clock: ManualClock;
  readonly metrics: RecordingMetrics;
} {
  const metrics = new RecordingMetrics();
  return { queue: new WorkQueue<string>({ name: "test", clock, metrics }), clock, metrics };
}

/** True if `promise` has settled once all that is ready has run. */
async function settled(promise: Promise<unknown>, clock: ManualClock): Promise<boolean> {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await clock.settle();
  return isSettled;
}

// The sentences below are client-go's tests (util/workqueue/queue_test.go, delaying_queue_test.go) by name.

test("TestBasic: WorkQueue hands every key that is added to some worker, and never the same to two at once", async () => {
  const { queue, clock } = queueOf();
  const working = new Set<string>();
  const seen = new Map<string, number>();
  const work = async (): Promise<void> => {
    for (let key = await queue.get(signal); key !== undefined; key = await queue.get(signal)) {
      assert.equal(working.has(key), false, `${key} is worked on twice at once`);
      working.add(key);
      await clock.settle();
      working.delete(key);
      seen.set(key, (seen.get(key) ?? 0) + 1);
      queue.done(key);
    }
  };
  const workers = Promise.all(Array.from({ length: 10 }, work));
  for (let round = 0; round < 5; round += 1) {
    for (let index = 0; index < 50; index += 1) queue.add(`key-${index}`);
    await clock.settle();
  }
  queue.shutDown();
  queue.add("late");
  await workers;
  assert.equal(seen.size, 50);
  assert.equal(seen.has("late"), false);
  assert.ok([...seen.values()].every((count) => count >= 1 && count <= 5));
});

test("TestAddWhileProcessing: WorkQueue brings a key back that was added while it was worked on, once it is done", async () => {
  const { queue } = queueOf();
  queue.add("a");
  assert.equal(await queue.get(signal), "a");
  queue.add("a");
  queue.add("a");
  assert.equal(queue.length, 0, "not while it is worked on");
  queue.done("a");
  assert.equal(queue.length, 1);
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  assert.equal(queue.length, 0);
});

test("TestLen: WorkQueue.length counts keys and not additions", () => {
  const { queue } = queueOf();
  queue.add("a");
  assert.equal(queue.length, 1);
  queue.add("b");
  assert.equal(queue.length, 2);
  queue.add("a");
  assert.equal(queue.length, 2);
});

test("TestReinsert: WorkQueue takes a key again after it was done", async () => {
  const { queue } = queueOf();
  queue.add("a");
  await queue.get(signal);
  queue.add("a");
  queue.done("a");
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  queue.add("a");
  assert.equal(await queue.get(signal), "a");
});

test("TestCollapse: WorkQueue hands out once what was added twice", async () => {
  const { queue, metrics } = queueOf();
  queue.add("a");
  queue.add("a");
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  assert.equal(queue.length, 0);
  assert.equal(metrics.values.get("workqueue_adds_total{name=test,controller=test}"), 1);
});

test("TestCollapseWhileProcessing: WorkQueue hands out once more what was added twice meanwhile", async () => {
  const { queue } = queueOf();
  queue.add("a");
  await queue.get(signal);
  queue.add("a");
  queue.add("a");
  queue.done("a");
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  assert.equal(queue.length, 0);
});

test("TestQueueDrainageUsingShutDownWithDrain: WorkQueue.drain() resolves only when what was handed out is done", async () => {
  const { queue, clock } = queueOf();
  queue.add("a");
  queue.add("b");
  await queue.get(signal);
  await queue.get(signal);
  const drained = queue.drain(signal);
  assert.equal(await settled(drained, clock), false);
  queue.done("a");
  assert.equal(await settled(drained, clock), false);
  queue.done("b");
  await drained;
});

test("TestNoQueueDrainageUsingShutDown: WorkQueue.shutDown() does not wait, and what is queued is still handed out", async () => {
  const { queue } = queueOf();
  queue.add("a");
  queue.add("b");
  await queue.get(signal);
  queue.shutDown();
  assert.equal(await queue.get(signal), "b");
  assert.equal(await queue.get(signal), undefined);
});

test("TestForceQueueShutdownUsingShutDown: WorkQueue.drain() lets go when its signal aborts", async () => {
  const { queue, clock } = queueOf();
  queue.add("a");
  await queue.get(signal);
  const controller = new AbortController();
  const drained = assert.rejects(queue.drain(controller.signal), { message: "enough" });
  await clock.settle();
  controller.abort(new DOMException("enough", "AbortError"));
  await drained;
});

test("TestQueueDrainageUsingShutDownWithDrainWithDirtyItem: WorkQueue.drain() waits for a key that came back", async () => {
  const { queue, clock } = queueOf();
  queue.add("a");
  await queue.get(signal);
  queue.add("a");
  const drained = queue.drain(signal);
  queue.done("a");
  assert.equal(await settled(drained, clock), false);
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  await drained;
});

test("WorkQueue.get() waits for a key, and rejects with its signal's reason", async () => {
  const { queue, clock } = queueOf();
  const next = queue.get(signal);
  assert.equal(await settled(next, clock), false);
  queue.add("a");
  assert.equal(await next, "a");
  const controller = new AbortController();
  const aborted = assert.rejects(queue.get(controller.signal), { message: "enough" });
  controller.abort(new DOMException("enough", "AbortError"));
  await aborted;
});

test("TestSimpleQueue: WorkQueue.addAfter() marks a key when its time has come, and not before", async () => {
  const { queue, clock } = queueOf();
  queue.addAfter("a", 50);
  await clock.advance(49);
  assert.equal(queue.length, 0);
  await clock.advance(1);
  assert.equal(queue.length, 1);
});

test("TestDeduping: of several times for one key WorkQueue.addAfter() keeps the earliest", async () => {
  const { queue, clock } = queueOf();
  queue.addAfter("a", 50);
  queue.addAfter("a", 70);
  queue.addAfter("a", 30);
  assert.equal(clock.pending, 1);
  await clock.advance(30);
  assert.equal(await queue.get(signal), "a");
  queue.done("a");
  await clock.advance(100);
  assert.equal(queue.length, 0);
});

test("WorkQueue.addAfter() with no time to wait marks a key at once, instead of any later time", async () => {
  const { queue, clock } = queueOf();
  queue.addAfter("a", 50);
  queue.addAfter("a", 0);
  assert.deepEqual([queue.length, clock.pending], [1, 0]);
  await clock.advance(100);
  assert.equal(queue.length, 1);
});

test("WorkQueue.shutDown() forgets what waits for a time", () => {
  const { queue, clock } = queueOf();
  queue.addAfter("a", 50);
  queue.shutDown();
  queue.addAfter("b", 50);
  assert.equal(clock.pending, 0);
});

test("WorkQueue.addRateLimited() doubles the pause of a key from 750 ms to 15 min, and forget() begins anew", () => {
  const { queue } = queueOf();
  const pauses = Array.from({ length: 13 }, () => queue.addRateLimited("a"));
  assert.deepEqual(pauses, [750, 1500, 3000, 6000, 12_000, 24_000, 48_000, 96_000, 192_000, 384_000, 768_000, 900_000, 900_000]);
  assert.deepEqual([queue.failures("a"), queue.addRateLimited("b")], [13, 750]);
  queue.forget("a");
  assert.deepEqual([queue.failures("a"), queue.addRateLimited("a")], [0, 750]);
  queue.shutDown();
});

test("RateLimiter.when() lets ten keys a second fail after a burst of a hundred", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter<number>(clock, { ...retryLimits, keyInitialMs: 0 });
  const pauses = Array.from({ length: 103 }, (_, key) => Math.round(limiter.when(key)));
  assert.deepEqual([pauses[99], pauses[100], pauses[101], pauses[102]], [0, 100, 200, 300]);
  await clock.advance(1000);
  assert.equal(Math.round(limiter.when(1000)), 0, "ten more after a second, less the three that were lent");
});

test("WorkQueue never loses a key and never hands one out twice at once, whatever the order of calls", async () => {
  const operation = fc.record({ kind: fc.constantFrom("add", "get", "done"), key: fc.constantFrom("a", "b", "c") });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const { queue } = queueOf();
      const needsWork = new Set<string>();
      const working = new Set<string>();
      for (const { kind, key } of operations) {
        if (kind === "add") {
          queue.add(key);
          needsWork.add(key);
        } else if (kind === "get" && queue.length > 0) {
          const next = await queue.get(signal);
          assert.ok(next !== undefined && needsWork.delete(next) && !working.has(next));
          working.add(next);
        } else if (kind === "done") {
          queue.done(key);
          working.delete(key);
        }
        assert.equal(queue.length, [...needsWork].filter((name) => !working.has(name)).length);
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 2000 },
  );
});

test("WorkQueue gives groups of keys their turns: one with thousands does not keep another waiting", async () => {
  const clock = new ManualClock();
  const groupOf = (key: string): string => key.split("/").at(0) ?? "";
  const queue = new WorkQueue<string>({ name: "test", clock, metrics: new RecordingMetrics(), groupOf });
  for (let index = 0; index < 1000; index += 1) queue.add(`flood/${index}`);
  for (const key of ["quiet/1", "quiet/2", "other/1"]) queue.add(key);
  const taken: (string | undefined)[] = [];
  for (let index = 0; index < 7; index += 1) taken.push(await queue.get(signal));
  assert.deepEqual(taken, ["flood/0", "quiet/1", "other/1", "flood/1", "quiet/2", "flood/2", "flood/3"]);
  assert.equal(queue.length, 996);
});

test("WorkQueue in groups still hands out every key once, in order within its group", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat({ max: 9 })), { maxLength: 40 }), async (pairs) => {
      const groupOf = (key: string): string => key.charAt(0);
      const queue = new WorkQueue<string>({ name: "test", clock: new ManualClock(), metrics: new RecordingMetrics(), groupOf });
      const added = [...new Set(pairs.map(([group, index]) => `${group}${index}`))];
      for (const [group, index] of pairs) queue.add(`${group}${index}`);
      queue.shutDown();
      const taken: string[] = [];
      for (let key = await queue.get(signal); key !== undefined; key = await queue.get(signal)) {
        taken.push(key);
        queue.done(key);
      }
      assert.deepEqual(taken.toSorted(), added.toSorted());
      for (const group of ["a", "b", "c"]) {
        const of = (keys: readonly string[]): string[] => keys.filter((key) => groupOf(key) === group);
        assert.deepEqual(of(taken), of(added));
      }
    }),
    { numRuns: 100 },
  ));

test("RateLimiter makes no group wait for the failures of another, and forgets groups that owe nothing", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter<string>(clock, { ...retryLimits, keyInitialMs: 1 });
  for (let index = 0; index < 1000; index += 1) limiter.when(`flood/${index}`, "flood");
  assert.equal(limiter.when("flood/last", "flood"), 90_100);
  assert.equal(limiter.when("quiet/1", "quiet"), 1);
  for (let index = 0; index < 3000; index += 1) limiter.when(`${index}`, `group-${index}`);
  assert.equal(limiter.when("flood/more", "flood"), 90_200, "whoever owes is not forgotten");
});
