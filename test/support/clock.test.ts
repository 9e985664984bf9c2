import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./clock.ts";

const never = new AbortController().signal;

test("ManualClock.advance() fires sleepers in order of their time, with the clock at that time", async () => {
  const clock = new ManualClock(1_000);
  const seen: [string, number][] = [];
  const record = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms, never);
    seen.push([name, clock.now()]);
  };
  void record("late", 30);
  void record("early", 10);
  void record("early too", 10);
  await clock.advance(30);
  assert.deepEqual(seen, [
    ["early", 1_010],
    ["early too", 1_010],
    ["late", 1_030],
  ]);
  assert.equal(clock.monotonic(), 30);
  assert.equal(clock.pending, 0);
});

test("ManualClock.advance() fires a sleeper that was started by an earlier one inside the same advance", async () => {
  const clock = new ManualClock();
  let rounds = 0;
  void (async () => {
    for (;;) {
      await clock.sleep(10, never);
      rounds += 1;
    }
  })();
  await clock.advance(100);
  assert.equal(rounds, 10);
});

test("ManualClock.sleep() rejects with the signal's reason and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  const reason = new DOMException("stop", "AbortError");
  controller.abort(reason);
  await assert.rejects(sleeping, (error) => error === reason);
  assert.equal(clock.pending, 0);
});

test("ManualClock.deadline() aborts with TimeoutError at its time, and not once disposed", async () => {
  const clock = new ManualClock();
  const deadline = clock.deadline(10);
  const disposed = clock.deadline(10);
  disposed[Symbol.dispose]();
  await clock.advance(9);
  assert.equal(deadline.signal.aborted, false);
  await clock.advance(1);
  assert.equal((deadline.signal.reason as DOMException).name, "TimeoutError");
  assert.equal(disposed.signal.aborted, false);
});
