import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DueQueue } from "../../src/health/due-queue.ts";

test("DueQueue.take() gives nothing before its time, then the earliest, equal times in the order in which they were set", () => {
  const queue = new DueQueue<string>();
  queue.set("b", 5);
  queue.set("a", 5);
  queue.set("first", Number.NEGATIVE_INFINITY);
  queue.set("later", 9);
  assert.deepEqual(
    [queue.take(0), queue.take(4), queue.take(5), queue.take(5), queue.take(5), queue.earliest()],
    ["first", undefined, "b", "a", undefined, 9],
  );
});

test("DueQueue behaves as a sorted list, whatever is set, moved and deleted", () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), key: fc.nat(12), at: fc.nat(20) }),
    fc.record({ kind: fc.constant("delete" as const), key: fc.nat(12) }),
    fc.record({ kind: fc.constant("take" as const), now: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const queue = new DueQueue<number>();
      const model = new Map<number, { at: number; order: number }>();
      let order = 0;
      for (const step of operations) {
        if (step.kind === "set") {
          queue.set(step.key, step.at);
          model.set(step.key, { at: step.at, order: (order += 1) });
        } else if (step.kind === "delete") {
          queue.delete(step.key);
          model.delete(step.key);
        } else {
          const [expected] = [...model]
            .filter(([, entry]) => entry.at <= step.now)
            .toSorted(([, a], [, b]) => a.at - b.at || a.order - b.order);
          assert.equal(queue.take(step.now), expected?.[0]);
          if (expected !== undefined) model.delete(expected[0]);
        }
        assert.equal(queue.size, model.size);
        for (const [key, entry] of model) assert.equal(queue.timeOf(key), entry.at);
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 3000 },
  );
});
