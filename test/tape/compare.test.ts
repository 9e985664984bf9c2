import assert from "node:assert/strict";
import { test } from "node:test";
import { compareReports } from "../../src/tape/compare.ts";

const rows: readonly (readonly [what: string, was: unknown, is: unknown, same: readonly string[], later?: readonly string[]])[] = [
  ["the same", { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
  ["other members first", { a: 1, b: 2 }, { b: 2, a: 1 }, []],
  ["other times", { durationMs: 1, stores: [{ durationMs: 5 }] }, { durationMs: 2, stores: [{}] }, []],
  ["another verdict", { verdict: "deny" }, { verdict: "allow" }, ['verdict was "deny" and is "allow"']],
  ["another value inside", { a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 1 }, { b: 3 }] }, ["a[1].b was 2 and is 3"]],
  ["a longer list", { a: [] }, { a: [{}] }, ["a[0] was absent and is an object"]],
  ["a shorter list", { a: ["x"] }, { a: [] }, ['a[0] was "x" and is absent']],
  ["a list for an object", { a: [1] }, { a: { 0: 1 } }, ["a was a list of 1 and is an object"]],
  ["null for nothing", { a: null }, {}, ["a was null and is absent"]],
  ["a member more", {}, { a: 1 }, ["a was absent and is 1"], []],
  ["a member less", { a: 1 }, {}, ["a was 1 and is absent"]],
  ["no report", "allow", { verdict: "allow" }, ['it was "allow" and is an object']],
  ["a name that every object has", { constructor: 1 }, {}, ["constructor was 1 and is absent"]],
  ["a long text", { a: "x".repeat(300) }, { a: "" }, [`a was "${"x".repeat(196)}... and is ""`]],
];
for (const [what, was, is, same, later = same] of rows) {
  test(`compareReports() of ${what}: ${same.length === 0 ? "no difference" : (same[0] ?? "").slice(0, 60)}`, () => {
    assert.deepEqual(compareReports(was, is, { isSameVersion: true }), same);
    assert.deepEqual(compareReports(was, is, { isSameVersion: false }), later);
  });
}

test("compareReports() names twenty differences and no more", () => {
  const numbers = (from: number): readonly number[] => Array.from({ length: 100 }, (_, at) => from + at);
  assert.equal(compareReports(numbers(0), numbers(1), { isSameVersion: true }).length, 20);
});
