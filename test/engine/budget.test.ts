import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Budget } from "../../src/engine/budget.ts";
import { ManualClock } from "../support/clock.ts";

describe("Budget.slice()", () => {
  const rows: readonly (readonly [string, number, number, number])[] = [
    ["is the store's own timeout where much is left", 0, 2000, 2000],
    ["is 60 % of what remains where the store would take more", 0, 60_000, 18_000],
    ["shrinks with what remains", 20_000, 60_000, 6000],
    ["is the timeout at exactly 60 %", 0, 18_000, 18_000],
    ["is 1 ms when nothing remains, not none: none would be refused as a timer", 30_000, 2000, 1],
    ["is 1 ms when more than all is used up", 40_000, 2000, 1],
  ];
  for (const [sentence, used, timeoutMs, slice] of rows) {
    it(sentence, async () => {
      const clock = new ManualClock();
      const budget = new Budget(clock, 30_000);
      await clock.advance(used);
      assert.deepEqual([budget.slice(timeoutMs), budget.elapsedMs], [slice, used]);
    });
  }
});

describe("Budget.deadline()", () => {
  it("aborts with a TimeoutError at the end of the slice, and leaves no timer behind", async () => {
    const clock = new ManualClock();
    using deadline = new Budget(clock, 1000).deadline(2000, new AbortController().signal);
    await clock.advance(599);
    assert.equal(deadline.signal.aborted, false);
    await clock.advance(1);
    assert.equal((deadline.signal.reason as DOMException).name, "TimeoutError");
    assert.equal(clock.pending, 0);
  });
});
