import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clause, judgeText, quote, textRule } from "../../src/api/text-rule.ts";

const clauses: readonly Clause[] = [
  { shape: "#", detail: { lead: "has a # in it; write ", before: "#" } },
  { shape: "^[0-9]+$", unless: "^42$", detail: "is a number" },
  { shape: "^[a-z0-9]*$", negated: true, detail: "isn't plain" },
];

describe("textRule()", () => {
  it("prints one rule that is false where a clause applies, and one expression that says which", () => {
    assert.deepEqual(textRule(clauses, { message: "must be plain", except: "*" }), {
      rule: [
        "self == r'*' || (",
        "!self.matches(r'#')",
        "&& (!self.matches(r'^[0-9]+$') || self.matches(r'^42$'))",
        "&& self.matches(r'^[a-z0-9]*$'))",
      ].join("\n"),
      message: "must be plain",
      messageExpression: [
        `'"' + (self.size() > 100 ? self.substring(0, 97) + '...' : self) + '" ' + (`,
        `self.matches(r'#') ? r'has a # in it; write ' + '"' + (self.substring(0, self.indexOf(r'#')).size() > 100 ? self.substring(0, self.indexOf(r'#')).substring(0, 97) + '...' : self.substring(0, self.indexOf(r'#'))) + '"' :`,
        "(self.matches(r'^[0-9]+$') && !self.matches(r'^42$')) ? r'is a number' :",
        `"isn't plain")`,
      ].join("\n"),
    });
  });
});

describe("judgeText()", () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ["plain", undefined],
    ["42", undefined],
    ["43", '"43" is a number'],
    ["ab#c", '"ab#c" has a # in it; write "ab"'],
    ["A", `"A" isn't plain`],
    ["é", `"\\u00e9" isn't plain`],
    ["A".repeat(101), `"${"A".repeat(97)}..." isn't plain`],
  ];
  for (const [text, said] of table)
    it(`says ${said ?? "nothing"} of ${text.slice(0, 9)}`, () => assert.equal(judgeText(clauses, text), said));
});

describe("quote()", () => {
  it("writes a raw literal, and an escaped one where there is a quotation mark inside", () => {
    assert.deepEqual([quote("a\\b"), quote("it's")], ["r'a\\b'", `"it's"`]);
  });
});
