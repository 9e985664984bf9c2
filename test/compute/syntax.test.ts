import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "@bufbuild/cel";
import fc from "fast-check";
import { findSyntaxDefect } from "../../src/compute/syntax.ts";

const defects: readonly (readonly [expression: string, offset: number, message: string])[] = [
  ["", 0, "expected a value, found the end"],
  ["   ", 3, "expected a value, found the end"],
  ["// nothing but a comment", 24, "expected a value, found the end"],
  ["a b", 2, 'expected an operator, found "b"'],
  ["a 'b'", 2, "expected an operator, found \"'b'\""],
  ["a &&", 4, "expected a value, found the end"],
  ["a && && b", 5, 'expected a value, found "&&"'],
  ["a.", 2, 'expected a name after ".", found the end'],
  ["a.1", 1, 'expected an operator, found ".1"'],
  ["a.?b", 2, 'expected a name after ".", found "?"'],
  ["f(", 1, '"(" is not closed'],
  ["f(a", 1, '"(" is not closed'],
  ["f(a, ", 5, "expected a value, found the end"],
  ["f(a,)b", 5, 'expected an operator, found "b"'],
  ["f(g(a)", 1, '"(" is not closed'],
  ["[a)", 2, '")" does not close "["'],
  ["a)", 1, '")" closes nothing'],
  ["(a))", 3, '")" closes nothing'],
  ["a ? b", 2, '"?" has no ":"'],
  ["(a ? b)", 3, '"?" has no ":"'],
  ["f(a ? b, c)", 4, '"?" has no ":"'],
  ["a : b", 2, 'expected an operator, found ":"'],
  ["a, b", 1, 'expected an operator, found ","'],
  ["(a)(b)", 3, 'expected an operator, found "("'],
  ["a = b", 2, 'unexpected "="; did you mean "=="?'],
  ["a & b", 2, 'unexpected "&"; did you mean "&&"?'],
  ["a | b", 2, 'unexpected "|"; did you mean "||"?'],
  ["a ; b", 2, 'unexpected ";"'],
  ["a !b", 2, 'expected an operator, found "!"'],
  ["'a", 0, "this string is not closed"],
  ["'a\n'", 0, "this string is not closed"],
  ["'''a''", 0, "this string is not closed"],
  ["'\\d'", 1, 'invalid escape "\\d" in a string'],
  ["'\\u12'", 1, 'invalid escape "\\u" in a string'],
  ["'\\ud800'", 1, 'invalid escape "\\u" in a string'],
  ["'\\U00110000'", 1, 'invalid escape "\\U" in a string'],
  ["namespace.name", 0, '"namespace" is a reserved word; the variable is called namespaceObject'],
  ["for", 0, '"for" is a reserved word'],
  ["in", 0, 'expected a value, found "in"'],
  ["1a", 1, 'expected an operator, found "a"'],
  ["\u0000", 0, 'unexpected "\\u0000"'],
  ["\u202e", 0, 'unexpected "\\u202e"'],
  ["\ud800", 0, 'unexpected "\\ud800"'],
];
for (const [expression, offset, message] of defects) {
  test(`findSyntaxDefect() of ${JSON.stringify(expression)}: ${message}`, () => {
    assert.deepEqual(findSyntaxDefect(expression), { offset, message });
  });
}

const accepted: readonly string[] = [
  "true",
  "a.b.c[0]['x']",
  ".a.b",
  "f()",
  "a.f(b, c) ? [1, 2,] : {'a': 1,}",
  "!-a",
  "- a",
  "a ? b : c ? d : e",
  'r\'\\d+\' + """x\n\'y\'""" + b\'z\' + bR"\\q"',
  "'\\n\\x41\\u00e9\\U0001F600\\101\\`\\?'",
  "0x1Fu + 1e3 + .5 + 1.5e-3 + 7U",
  "a in b in [c]",
  "// why\na // and why\n",
  "'// no comment (' == a",
  "a.for == a.in2",
];
for (const expression of accepted) {
  test(`findSyntaxDefect() has nothing against ${JSON.stringify(expression)}`, () => {
    assert.equal(findSyntaxDefect(expression), undefined);
  });
}

test("findSyntaxDefect() allows 64 brackets in each other and not one more", () => {
  assert.equal(findSyntaxDefect(`${"(".repeat(64)}a${")".repeat(64)}`), undefined);
  assert.deepEqual(findSyntaxDefect(`${"[".repeat(65)}a${"]".repeat(65)}`), { offset: 64, message: "nests deeper than 64 levels" });
  assert.deepEqual(findSyntaxDefect("(".repeat(2048)), { offset: 64, message: "nests deeper than 64 levels" });
});

test("findSyntaxDefect() refuses nothing that the parser takes, but for escapes and reserved words", () => {
  const token = fc.constantFrom(
    ..."a b.c f( ( ) [ ] { } , : ? . + - * / % ! && || == != < >= in 1 2.5 0x1u 'x' \"y\" r'z' true null has( e.all(x, //c\n".split(" "),
  );
  let taken = 0;
  fc.assert(
    // With spaces between: the parser reads `'x'ina` as `'x' in a`, which nobody should write.
    fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
      const expression = `${tokens.join(" ")}\n`;
      try {
        parse(expression);
      } catch {
        return; // both may refuse it
      }
      taken += 1;
      assert.equal(findSyntaxDefect(expression), undefined, expression);
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 5000 },
  );
  assert.ok(taken > 50, `the parser took ${taken}`);
});
