import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearest } from "../../src/cli/nearest.ts";

const words = ["text", "json", "yaml", "stores", "verifiers"];
const rows: readonly (readonly [given: string, found: string | undefined, why: string])[] = [
  ["jsn", "json", "a letter is missing"],
  ["JSON", "json", "in another case"],
  ["storse", "stores", "two letters changed places"],
  ["verifers", "verifiers", "a letter is missing in a long word"],
  ["xml", undefined, "another word"],
  ["", undefined, "nothing was written"],
  ["q", undefined, "one letter says too little"],
  ["x".repeat(1_000_000), undefined, "far too long to be compared"],
];

describe("nearest()", () => {
  for (const [given, found, why] of rows)
    it(`finds ${found ?? "nothing"} for "${given.slice(0, 20)}": ${why}`, () => assert.equal(nearest(given, words), found));
});
