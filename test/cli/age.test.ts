import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ageAt, humanDuration } from "../../src/cli/age.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** The table of apimachinery's `TestHumanDuration`, and the edges between its rows. */
const rows: readonly (readonly [ms: number, text: string, why: string])[] = [
  [0, "0s", "now"],
  [999, "0s", "part of a second does not count"],
  [second, "1s", "a second"],
  [-999, "0s", "less than a second ahead"],
  [-1999, "0s", "less than two seconds ahead: clocks differ"],
  [-2 * second, "<invalid>", "two seconds ahead"],
  [-day, "<invalid>", "a day ahead"],
  [70 * second, "70s", "seconds up to two minutes"],
  [2 * minute - 1, "119s", "just below two minutes"],
  [2 * minute, "2m", "two minutes"],
  [2 * minute + 5 * second, "2m5s", "seconds beside minutes below ten"],
  [190 * second, "3m10s", "three minutes and ten seconds"],
  [10 * minute - 1, "9m59s", "just below ten minutes"],
  [10 * minute, "10m", "from ten minutes on, whole minutes"],
  [70 * minute, "70m", "minutes up to three hours"],
  [3 * hour - 1, "179m", "just below three hours"],
  [3 * hour, "3h", "three hours"],
  [3 * hour + 10 * minute, "3h10m", "minutes beside hours below eight"],
  [8 * hour - 1, "7h59m", "just below eight hours"],
  [8 * hour + 10 * minute, "8h", "from eight hours on, whole hours"],
  [47 * hour, "47h", "hours up to two days"],
  [49 * hour, "2d1h", "hours beside days below eight"],
  [2 * day, "2d", "two days"],
  [8 * day - 1, "7d23h", "just below eight days"],
  [8 * day + hour, "8d", "from eight days on, whole days"],
  [367 * day, "367d", "days up to two years"],
  [2 * year - 1, "729d", "just below two years"],
  [2 * year, "2y", "two years of 365 days"],
  [4 * year + 20 * day, "4y20d", "days beside years below eight"],
  [8 * year + 9 * day, "8y", "from eight years on, whole years"],
  [Number.NaN, "<invalid>", "no time at all"],
];

describe("humanDuration()", () => {
  for (const [ms, text, why] of rows) it(`prints ${text}: ${why}`, () => assert.equal(humanDuration(ms), text));
});

describe("ageAt()", () => {
  it("prints <unknown> where there is no time", () => assert.deepEqual([ageAt(5, undefined), ageAt(5, 0)], ["<unknown>", "<unknown>"]));
  it("prints how long ago a time was", () => assert.equal(ageAt(day, hour), "23h"));
});
