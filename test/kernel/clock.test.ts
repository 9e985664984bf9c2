import assert from "node:assert/strict";
import { test } from "node:test";
import { raceSignal, systemClock } from "../../src/kernel/clock.ts";

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
