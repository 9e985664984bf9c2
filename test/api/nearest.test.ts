import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearestName } from "../../src/api/nearest.ts";

describe("nearestName()", () => {
  const known = ["scopes", "type", "registry", "registries", "suspend"];
  const table: readonly (readonly [string, string, string | undefined])[] = [
    ["a letter left out", "scope", "scopes"],
    ["two letters swapped", "suspned", "suspend"],
    ["another case", "TYPE", "type"],
    ["the nearer of two", "registrie", "registries"],
    ["a short word by one letter only", "tupo", undefined],
    ["nothing near", "colour", undefined],
    ["a word of many letters", "s".repeat(100_000), undefined],
  ];
  for (const [name, written, expected] of table) it(`finds ${name}`, () => assert.equal(nearestName(written, known), expected));
});
