import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { timestampField } from "../../src/api/timestamp.ts";
import { Findings, walk } from "../../src/api/walk.ts";

const field = timestampField("A time.");
const read = (text: string): number | undefined => walk(field, text, "", new Findings());

describe("timestampField()", () => {
  const table: readonly (readonly [string, number | undefined])[] = [
    ["2027-01-31T00:00:00Z", Date.UTC(2027, 0, 31)],
    ["2027-01-31T00:00:00.250Z", Date.UTC(2027, 0, 31) + 250],
    ["2027-01-31T00:00:00.123456789Z", Date.UTC(2027, 0, 31) + 123],
    ["2027-01-31T01:30:00+01:30", Date.UTC(2027, 0, 31)],
    ["2027-01-30T16:00:00-08:00", Date.UTC(2027, 0, 31)],
    ["2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
    ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
    ["2100-02-29T00:00:00Z", undefined],
    ["2027-02-29T00:00:00Z", undefined],
    ["2027-04-31T00:00:00Z", undefined],
    ["2027-13-01T00:00:00Z", undefined],
    ["2027-00-10T00:00:00Z", undefined],
    ["2027-01-31T24:00:00Z", undefined],
    ["2027-01-31T23:59:60Z", undefined],
    ["2027-01-31T00:00:00+24:00", undefined],
    ["2027-01-31T00:00:00", undefined],
    ["2027-01-31t00:00:00z", undefined],
    ["2027-01-31 00:00:00Z", undefined],
    ["2027-01-31", undefined],
    ["2027-01-31T00:00:00Z\n", undefined],
    ["12027-01-31T00:00:00Z", undefined],
    ["tomorrow", undefined],
    ["", undefined],
  ];
  for (const [text, time] of table) it(`reads ${JSON.stringify(text)} as ${time ?? "no time"}`, () => assert.equal(read(text), time));

  it("reads every moment of ten thousand years as it is printed", () => {
    const moments = fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true });
    fc.assert(fc.property(moments, (moment) => assert.equal(read(moment.toISOString()), moment.getTime())));
  });
});
