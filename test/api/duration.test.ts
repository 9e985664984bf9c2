import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDurationMs } from "../../src/api/duration.ts";

describe("parseDurationMs()", () => {
  const table: readonly (readonly [string, number | undefined])[] = [
    ["2s", 2000],
    ["500ms", 500],
    ["1m30s", 90_000],
    ["1h1m1s1ms", 3_661_001],
    ["0s", 0],
    ["30s1m", 90_000],
    ["", undefined],
    ["2", undefined],
    ["2 s", undefined],
    ["1.5s", undefined],
    ["-2s", undefined],
    ["2S", undefined],
    ["2us", undefined],
    ["2d", undefined],
    ["1000000s", undefined],
    ["2s\n", undefined],
  ];
  for (const [text, ms] of table)
    it(`reads ${JSON.stringify(text)} as ${ms ?? "no duration"}`, () => assert.equal(parseDurationMs(text), ms));
});
