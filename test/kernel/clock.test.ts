import assert from "node:assert/strict";
import { test } from "node:test";
import { raceSignal, standingClock, systemClock } from "../../src/kernel/clock.ts";
import { ManualClock } from "../support/clock.ts";

test("systemClock.sleep() rejects with the signal's reason as soon as it aborts", async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(60_000, controller.signal);
  controller.abort(new RangeError("enough"));
  await assert.rejects(sleep, RangeError);
  await assert.rejects(systemClock.sleep(1, controller.signal), RangeError);
});

test("systemClock.deadline() aborts with a TimeoutError, or with its parent's reason", async () => {
  using soon = systemClock.deadline(1);
  await new Promise((resolve) => soon.signal.addEventListener("abort", resolve));
  assert.equal((soon.signal.reason as DOMException).name, "TimeoutError");
  const parent = new AbortController();
  using child = systemClock.deadline(60_000, parent.signal);
  parent.abort(new RangeError("parent"));
  assert.ok(child.signal.reason instanceof RangeError);
  using late = systemClock.deadline(60_000, parent.signal);
  assert.equal(late.signal.aborted, true);
});

test("systemClock.deadline() lets go of its timer and its parent when disposed", () => {
  const parent = new AbortController();
  const deadline = systemClock.deadline(1, parent.signal);
  deadline[Symbol.dispose]();
  parent.abort();
  assert.equal(deadline.signal.aborted, false);
});

test("raceSignal() does not wait for work that does not listen", async () => {
  const controller = new AbortController();
  const race = raceSignal(new Promise(() => {}), controller.signal);
  controller.abort(new RangeError("enough"));
  await assert.rejects(race, RangeError);
});

test("standingClock() always says the same time, and waits and measures as the clock that it stands for", async () => {
  const clock = new ManualClock(1000);
  const standing = standingClock(clock, 7);
  const slept = standing.sleep(5, new AbortController().signal);
  using deadline = standing.deadline(5);
  await clock.advance(5);
  await slept;
  assert.deepEqual([standing.now(), standing.monotonic(), deadline.signal.aborted], [7, clock.monotonic(), true]);
});
