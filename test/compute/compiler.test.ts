import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadCel } from "../../src/compute/load.ts";

const compiler = await loadCel();

const refused: readonly (readonly [expression: string, line: number, column: number, message: string])[] = [
  ["a &&\n  b ||", 2, 7, "expected a value, found the end"],
  ["evidence.exists(e,\r\n  e.verified)) // why", 2, 14, '")" closes nothing'],
  ["'é😀' == imag", 1, 9, 'unknown name "imag"; did you mean "image"?'],
  ["object.verified", 1, 1, 'unknown name "object"; there are image, namespaceObject, evidence'],
  ["evidence.exists(e, e.verified) && e.verified", 1, 35, 'unknown name "e"; there are image, namespaceObject, evidence'],
  ["constructor == 1", 1, 1, 'unknown name "constructor"; there are image, namespaceObject, evidence'],
  ["__proto__ == 1", 1, 1, 'unknown name "__proto__"; there are image, namespaceObject, evidence'],
  ["image.constructor == 1", 1, 6, 'unknown field "constructor" of image; there are reference, registry, repository, tag, digest'],
  ["image.tga == ''", 1, 6, 'unknown field "tga" of image; there are reference, registry, repository, tag, digest'],
  ["image['tga'] == ''", 1, 7, 'unknown field "tga" of image; there are reference, registry, repository, tag, digest'],
  ["has(image.tga)", 1, 1, 'unknown field "tga" of image; there are reference, registry, repository, tag, digest'],
  ["evidence.exists(e, e.verfied)", 1, 21, 'unknown field "verfied" of an entry of evidence; did you mean "verified"?'],
  ["evidence.filter(e, e.verified)[0].signers.all(s, s.nam == '')", 1, 51, 'unknown field "nam" of a signer; did you mean "name"?'],
  ["evidence.map(e, e.signers).exists(s, s[0].mail == '')", 1, 42, 'unknown field "mail" of a signer; there are id, name'],
  ["evidence.verified", 1, 9, 'a list has no field "verified"; look into its entries with exists(), all() or [0]'],
  ["image.tag.length == 1", 1, 10, 'a value of type string has no field "length"'],
  ["image.tag[0] == 'v'", 1, 10, "a value of type string has no entries"],
  ["evidence['0'].verified", 1, 9, "a list has no entry of type string"],
  ["image.tag.lowerAscii() == ''", 1, 10, 'unknown function "lowerAscii"'],
  ["image.tag.startWith('v')", 1, 10, 'unknown function "startWith"; did you mean "startsWith"?'],
  ["image.tag.startsWith(1)", 1, 10, '"startsWith" cannot be called on a value of type string with (int)'],
  ["size(image.tag, 1) == 1", 1, 1, '"size" cannot be called with (string, int)'],
  ["startsWith(image.tag, 'v')", 1, 1, '"startsWith" cannot be called with (string, string)'],
  ["image.tag + 1 == ''", 1, 11, '"+" does not take string and int'],
  ["image.tag > 1", 1, 11, '">" does not take string and int'],
  ["!image.tag", 1, 1, '"!" does not take string'],
  ["evidence[0].size == '1'", 1, 18, "int and string are never equal"],
  ["image.tag != null", 1, 11, "string and null are never equal"],
  ["!('alice' in evidence[0].signers)", 1, 11, "string and map are never equal"],
  ["'alice' in 'alice and bob'", 1, 9, '"in" does not take string and string'],
  ["image.tag && true", 1, 6, "a condition has to be bool, and this is of type string"],
  ["evidence.all(e, e.size)", 1, 18, "a condition has to be bool, and this is of type int"],
  ["evidence.filter(e, e.verifier).size() == 1", 1, 21, "a condition has to be bool, and this is of type string"],
  ["image.tag ? true : false", 1, 6, "a condition has to be bool, and this is of type string"],
  ["image.tag.exists(c, c == 'v')", 1, 6, "only a list or a map has entries, and this is of type string"],
  ["image.tag", 1, 1, "gives a value of type string, and has to give bool"],
  ["evidence", 1, 1, "gives a value of type list, and has to give bool"],
  ["evidence.map(e, e.verified)", 1, 1, "gives a value of type list, and has to give bool"],
  ["evidence.size()", 1, 1, "gives a value of type int, and has to give bool"],
  ["evidence.all(e)", 1, 9, "all() is called on a list with a name and a condition, as in evidence.all(e, e.verified)"],
  ["evidence.exists(e.size, true)", 1, 9, "exists() is called on a list with a name and a condition, as in evidence.exists(e, e.verified)"],
  ["has(image)", 1, 1, "has() takes a field, as in has(e.annotations.team)"],
  ["9223372036854775808 > 1", 1, 1, "this number is out of the range of int"],
  ["18446744073709551616u > 1u", 1, 1, "this number is out of the range of uint"],
  ["google.protobuf.Any{} == 1", 1, 1, '"google.protobuf.Any" cannot be made: there are no messages here'],
  [`${"x".repeat(100)} == 1`, 1, 1, `unknown name "${"x".repeat(37)}..."; there are image, namespaceObject, evidence`],
];
for (const [expression, line, column, message] of refused) {
  test(`compile() of ${JSON.stringify(expression)}: ${message}`, () => {
    assert.deepEqual(compiler.compile(expression), { ok: false, line, column, message });
  });
}

const compiled: readonly string[] = [
  "true",
  "evidence.exists(e, e.artifactType == 'application/vnd.cyclonedx+json' && e.verified)",
  "evidence.filter(e, e.verified).map(e, e.signers).exists(s, s.size() > 1)",
  "evidence.exists(image, image.verified)",
  "namespaceObject.labels.team == 'a' && namespaceObject.labels['app.kubernetes.io/part-of'] != ''",
  "namespaceObject.labels.all(key, key.startsWith('team'))",
  "image.exists(field, field == 'tag')",
  "evidence[0].size > 1.5 && evidence[0].size == 2.0 && 3u > 2",
  "[] == [1] || {} == {'a': 1} || [1, 'a', true][0] == 1",
  "{1: 2}.all(k, k > 0) && {'a': {'b': 1}}.a.b == 1",
  "dyn(image).anything.at.all",
  "type(image.tag) == string && type(evidence) == list",
  "(image.tag == '' ? image : namespaceObject).anything == ''",
  "timestamp(evidence[0].annotations.created) < timestamp('2027-01-01T00:00:00Z') - duration('24h')",
  "bytes(image.tag) + b'\\x00' == b'a' && image.tag + 'x' == 'y' && [1] + [2] == [1, 2]",
  "-9223372036854775808 < 0",
  "  // comment without a line feed behind it\n true // another",
  "evidence.all(e, e.signers.exists_one(s, s.id == e.verifier) || e.signers.existsOne(s, true))",
  "[[1]].map(x, x[0] > 0, x).size() == 1",
];
for (const expression of compiled) {
  test(`compile() takes ${JSON.stringify(expression)}`, () => {
    assert.deepEqual(compiler.compile(expression), { ok: true });
  });
}

/** Each of 2048 characters or a little less. */
const hostile: Readonly<Record<string, string>> = {
  "340 conditions side by side": `${"true||".repeat(340)}true`,
  "opening brackets only": "(".repeat(2048),
  "brackets in brackets": `${"(".repeat(1000)}true${")".repeat(1000)}`,
  "lists in lists": `${"[".repeat(1024)}${"]".repeat(1024)}`,
  "maps in maps": `${"{1:".repeat(500)}1${"}".repeat(500)}`,
  "calls in calls": `${"f(".repeat(680)}${")".repeat(680)}`,
  "macros in macros": `${"[].all(x,".repeat(200)}true${")".repeat(200)}`,
  "a chain of fields": `image${".a".repeat(1000)}`,
  "a chain of indexes": `evidence${"[0]".repeat(680)}`,
  "a chain of macros": `evidence${".map(x,x)".repeat(226)}`,
  "a chain of sums": `1${"+1".repeat(1023)}`,
  "a chain of comparisons": `1${"<1".repeat(1023)}`,
  "a chain of conditions": `${"true?true:".repeat(204)}true`,
  "a chain of conditions before their colons": `${"true?".repeat(200)}true${":true".repeat(200)}`,
  "a chain of negations": `${"!".repeat(2043)}true`,
  "a number of 2,048 digits": "9".repeat(2048),
  "a text of 3 MB": "x".repeat(3_000_000),
};
const harmless = new Set(["a chain of negations", "a chain of conditions", "340 conditions side by side"]);
for (const [what, expression] of Object.entries(hostile)) {
  test(`compile() answers about ${what}`, () => {
    const answer = compiler.compile(expression);
    assert.equal(answer.ok, harmless.has(what), JSON.stringify(answer));
  });
}

test("compile() answers about every text: yes, or one line of at most 200 printable characters and a place in it", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "evidence",
      "image",
      ".",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "'",
      '"',
      "e",
      ",",
      "?",
      ":",
      " ",
      "\n",
      "&&",
      "==",
      "1",
      "\\",
      "exists(e,",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const expression = pieces.join("");
      const answer = compiler.compile(expression);
      if (answer.ok) return;
      assert.match(answer.message, /^[ -~]{1,200}$/);
      const lines = expression.split(/\r\n|\r|\n/u);
      assert.ok(answer.line >= 1 && answer.line <= lines.length);
      assert.ok(answer.column >= 1 && answer.column <= Array.from(lines[answer.line - 1] ?? "").length + 1);
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 5000 },
  );
});
