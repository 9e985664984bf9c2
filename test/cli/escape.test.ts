import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hasUnsafe, printable, printableCell, printableLines } from "../../src/cli/escape.ts";

const rows: readonly (readonly [given: string, shown: string, why: string])[] = [
  ["plain text, ümlaut, 日本, 😀", "plain text, ümlaut, 日本, 😀", "printable text stays"],
  ["\u001b[2J", "\\u001b[2J", "an escape sequence clears no screen"],
  ["\u009b31m", "\\u009b31m", "nor does its one-byte form"],
  ["\u001b]52;c;aGk=\u0007", "\\u001b]52;c;aGk=\\u0007", "the clipboard stays as it is"],
  ["a\rb\nc\td", "a\\rb\\nc\\td", "a line stays one line"],
  ["\u202egpj.exe", "\\u202egpj.exe", "text is not turned round"],
  ["a\u200bb\u2028c\ufeff", "a\\u200bb\\u2028c\\ufeff", "nothing is invisible"],
  ["\u007f\u0000", "\\u007f\\u0000", "DEL and NUL"],
  ["\udb40\udc41", "\\udb40\\udc41", "tag characters outside the basic plane"],
  ["\ud800x", "\\ud800x", "half a surrogate pair"],
];

describe("printable()", () => {
  for (const [given, shown, why] of rows) it(`shows ${shown}: ${why}`, () => assert.equal(printable(given), shown));

  it("leaves nothing unsafe behind, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(hasUnsafe(printable(text)), false);
        assert.equal(hasUnsafe(printableLines(text).replaceAll("\n", "")), false);
        assert.equal(hasUnsafe(printableCell(text)), false);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 2000 },
    );
  });
});

describe("printableCell()", () => {
  it("cuts at the first line break, as kubectl does", () => assert.equal(printableCell("one\ntwo"), "one..."));
  it("shows ESC as kubectl does", () => assert.equal(printableCell("\u001b[31mred"), "^[[31mred"));
});
