import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairQueue } from "../../src/compute/fair-queue.ts";

const all = (): boolean => true;

function drain(queue: FairQueue<string>): readonly string[] {
  const taken: string[] = [];
  for (let item = queue.take(all); item !== undefined; item = queue.take(all)) taken.push(item);
  return taken;
}

test("FairQueue lets keys take turns, and each key's own wait in order", () => {
  const queue = new FairQueue<string>(10);
  for (const item of ["a1", "a2", "a3", "b1", "c1", "b2"]) queue.add(item.charAt(0), item);
  assert.deepEqual(drain(queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
  assert.equal(queue.size, 0);
});

test("FairQueue passes over keys that may not be taken now, which keep their turn", () => {
  const queue = new FairQueue<string>(10);
  for (const item of ["a1", "b1", "b2"]) queue.add(item.charAt(0), item);
  assert.equal(
    queue.take((key) => key !== "a"),
    "b1",
  );
  assert.equal(
    queue.take(() => false),
    undefined,
  );
  assert.deepEqual(drain(queue), ["a1", "b2"]);
});

test("FairQueue makes the latest of the key that has most give way", () => {
  const queue = new FairQueue<string>(3);
  assert.deepEqual(
    ["a1", "a2", "a3", "b1", "a4", "c1"].map((item) => queue.add(item.charAt(0), item)),
    [undefined, undefined, undefined, "a3", "a4", "a2"],
  );
  assert.equal(queue.add("d", "d1"), "d1"); // all have one: nobody has to give way to a newcomer
  assert.deepEqual(drain(queue), ["a1", "b1", "c1"]);
});

test("FairQueue gives out what was taken out of it no more", () => {
  const queue = new FairQueue<string>(10);
  for (const item of ["a1", "a2", "b1"]) queue.add(item.charAt(0), item);
  assert.deepEqual([queue.remove("a", "a1"), queue.remove("a", "a1"), queue.remove("c", "c1"), queue.size], [true, false, false, 2]);
  assert.deepEqual(drain(queue), ["a2", "b1"]);
});

test("FairQueue loses nothing and holds no more than it may, whatever happens", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("add" as const), key: fc.constantFrom("a", "b", "c") }),
    fc.record({ type: fc.constant("take" as const), key: fc.constantFrom("a", "b", "c") }),
    fc.record({ type: fc.constant("remove" as const), key: fc.constantFrom("a", "b", "c") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, most) => {
      const queue = new FairQueue<string>(most);
      const inside = new Map<string, string>();
      for (const [at, { type, key }] of steps.entries()) {
        if (type === "add") {
          inside.set(`${key}${at}`, key);
          inside.delete(queue.add(key, `${key}${at}`) ?? "");
        } else if (type === "take") inside.delete(queue.take((other) => other !== key) ?? "");
        else {
          const [item] = [...inside].find(([, of]) => of === key) ?? [""];
          assert.equal(queue.remove(key, item), inside.delete(item));
        }
        assert.equal(queue.size, inside.size);
        assert.ok(queue.size <= most);
      }
      assert.deepEqual(drain(queue).toSorted(), [...inside.keys()].toSorted());
    }),
    { numRuns: 1000 },
  );
});
