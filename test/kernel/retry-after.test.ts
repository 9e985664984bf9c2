import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRetryAfter } from "../../src/kernel/retry-after.ts";

const now = Date.UTC(2026, 0, 1);

describe("parseRetryAfter()", () => {
  const rows: readonly (readonly [string, string | undefined, number | undefined])[] = [
    ["reads seconds", "120", now + 120_000],
    ["reads zero", "0", now],
    ["caps at an hour", "86400", now + 3_600_000],
    ["reads a date", "Thu, 01 Jan 2026 00:10:00 GMT", now + 600_000],
    ["caps a date at an hour", "Thu, 01 Jan 2026 09:00:00 GMT", now + 3_600_000],
    ["reads nothing from a date that is past", "Wed, 31 Dec 2025 23:59:59 GMT", undefined],
    ["reads nothing from a number that is none", "-5", undefined],
    ["reads nothing from a fraction", "1.5", undefined],
    ["reads nothing from a year", "2026-01-02", undefined],
    ["reads nothing where there is nothing", undefined, undefined],
    ["reads nothing from the empty text", "", undefined],
  ];
  for (const [name, text, expected] of rows) it(name, () => assert.equal(parseRetryAfter(text, now), expected));
});
