import assert from "node:assert/strict";
import { test } from "node:test";
import { Limit, mapLimited } from "../../src/kernel/limit.ts";

const never = new AbortController().signal;

test("Limit.run() never runs more than its size, in order of arrival", async () => {
  const limit = new Limit(2);
  const order: number[] = [];
  let active = 0;
  let most = 0;
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const runs = gates.map((gate, index) =>
    limit.run(async () => {
      order.push(index);
      active += 1;
      most = Math.max(most, active);
      await gate.promise;
      active -= 1;
    }, never),
  );
  for (const gate of gates) gate.resolve();
  await Promise.all(runs);
  assert.deepEqual([order, most, limit.active], [[0, 1, 2, 3], 2, 0]);
});

test("Limit.run() gives a waiting place back when its caller aborts", async () => {
  const limit = new Limit(1);
  const gate = Promise.withResolvers<void>();
  const first = limit.run(() => gate.promise, never);
  const waiting = new AbortController();
  const second = limit.run(() => assert.fail("ran"), waiting.signal);
  waiting.abort(new DOMException("gone", "AbortError"));
  await assert.rejects(second, { name: "AbortError" });
  gate.resolve();
  await first;
  assert.equal(await limit.run(() => Promise.resolve("free"), never), "free");
});

test("Limit.run() frees its place when the work fails", async () => {
  const limit = new Limit(1);
  await assert.rejects(
    limit.run(() => Promise.reject(new RangeError("no")), never),
    RangeError,
  );
  assert.equal(limit.active, 0);
});

test("mapLimited() keeps the input's order and rejects with the first failure", async () => {
  const doubled = await mapLimited([3, 1, 2], (item) => Promise.resolve(item * 2), { concurrency: 2, signal: never });
  assert.deepEqual(doubled, [6, 2, 4]);
  await assert.rejects(
    mapLimited([1, 2], (item) => (item === 2 ? Promise.reject(new RangeError("two")) : Promise.resolve(item)), {
      concurrency: 1,
      signal: never,
    }),
    { message: "two" },
  );
});
