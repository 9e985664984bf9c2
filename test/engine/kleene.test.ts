import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { and, or, type Truth } from "../../src/engine/kleene.ts";

const truths: readonly Truth[] = ["true", "false", "unknown"];

describe("and(), or() of Kleene's strong logic", () => {
  const table: readonly (readonly [Truth, Truth, Truth, Truth])[] = [
    ["true", "true", "true", "true"],
    ["true", "unknown", "unknown", "true"],
    ["true", "false", "false", "true"],
    ["unknown", "unknown", "unknown", "unknown"],
    ["unknown", "false", "false", "unknown"],
    ["false", "false", "false", "false"],
  ];
  for (const [a, b, both, either] of table) {
    it(`${a} and ${b} is ${both}, ${a} or ${b} is ${either}, in both orders`, () => {
      assert.deepEqual([and([a, b]), and([b, a]), or([a, b]), or([b, a])], [both, both, either, either]);
    });
  }

  it("of nothing are true and false", () => assert.deepEqual([and([]), or([])], ["true", "false"]));

  it("do not depend on the order of three, and stop what is decided whatever follows", () => {
    for (const a of truths)
      for (const b of truths)
        for (const c of truths) {
          const orders = [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] as const; // biome-ignore format: one line
          assert.equal(new Set(orders.map((order) => and(order))).size, 1);
          assert.equal(new Set(orders.map((order) => or(order))).size, 1);
          // What is known does not change when something unknown becomes known.
          for (const later of truths) {
            if (and([a, b, "unknown"]) !== "unknown") assert.equal(and([a, b, later]), and([a, b, "unknown"]));
            if (or([a, b, "unknown"]) !== "unknown") assert.equal(or([a, b, later]), or([a, b, "unknown"]));
          }
        }
  });
});
