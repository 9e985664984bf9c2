import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExpressionInput } from "../../src/api/expression.ts";
import { loadCel } from "../../src/compute/load.ts";
import type { Answer } from "../../src/compute/program.ts";
import { entry, input, many } from "./fixture.ts";

const compiler = await loadCel();

function evaluate(expression: string, on: ExpressionInput = input()): Answer {
  const program = compiler.program(expression);
  if ("message" in program) assert.fail(`${expression}: ${program.message}`);
  return program.evaluate(on);
}

const values: readonly (readonly [expression: string, value: boolean, on?: ExpressionInput])[] = [
  ["image.registry == 'ghcr.io' && image.repository == 'acme/app' && image.tag == '1.2'", true],
  ["image.reference.startsWith('ghcr.io/acme/app:1.2@sha256:') && image.digest.size() == 71", true],
  ["namespaceObject.name == 'shop' && namespaceObject.labels.team == 'payments'", true],
  ["'tier' in namespaceObject.labels || has(namespaceObject.labels.tier)", false],
  ["evidence.exists(e, e.verified && e.signers.exists(s, s.name == 'alice'))", true],
  ["evidence.exists_one(e, e.verified)", false, input([entry(), entry()])],
  ["evidence.filter(e, e.verified).size() == 1", true, input([entry(), entry({ verified: false })])],
  ["evidence.map(e, e.signers.map(s, s.id)) == [['alice-key']]", true],
  ["evidence.all(e, false)", true, input([])],
  ["evidence.all(e, e.size >= 0) && evidence.size() == 1024 && evidence[1023].size == 1023", true, input(many)],
  ["evidence.map(e, e.size).filter(s, s % 2 == 0).size() == 512", true, input(many)],
  // integers, and numbers that are none
  ["evidence[0].size > 100 && evidence[0].size % 2 == 0 && type(evidence[0].size) == int", true],
  ["evidence[0].size == 812.0 && evidence[0].size < 812.5 && double(evidence[0].size) / 2.0 == 406.0", true],
  ["evidence[0].size == 9007199254740991", true, input([entry({ size: Number.MAX_SAFE_INTEGER })])],
  ["type(evidence[0].size) == double && evidence[0].size > 9007199254740991", true, input([entry({ size: 2 ** 53 })])],
  ["evidence[0].size > 0.4 && evidence[0].size < 1", true, input([entry({ size: 0.5 })])],
  ["evidence[0].size == evidence[0].size", false, input([entry({ size: Number.NaN })])],
  // texts
  ["evidence[0].reason == 'naïve 😀' && evidence[0].reason.size() == 7", true, input([entry({ reason: "naïve 😀" })])],
  ["evidence[0].reason.matches('^na.ve \\\\p{So}$')", true, input([entry({ reason: "naïve 😀" })])],
  ["evidence[0].reason == 'e\\u0301'", false, input([entry({ reason: "é" })])],
  ["evidence[0].annotations['a.b/c'] == 'x'", true, input([entry({ annotations: { "a.b/c": "x" } })])],
  // an error is overruled by what decides without it (cel-spec langdef.md §logical operators), and by nothing else
  ["evidence.exists(e, e.annotations.team == 'a')", true, input([entry(), entry({ annotations: { team: "a" } })])],
  ["namespaceObject.labels.tier == 'a' || true", true],
  ["true || namespaceObject.labels.tier == 'a'", true],
  ["namespaceObject.labels.tier == 'a' && false", false],
];
for (const [expression, value, on] of values) {
  test(`evaluate() of ${expression} is ${value}`, () => {
    assert.deepEqual(evaluate(expression, on), { ok: true, value });
  });
}

const failures: readonly (readonly [expression: string, message: string])[] = [
  ["namespaceObject.labels.tier == 'a'", 'no field "tier" (line 1, column 23)'],
  ["namespaceObject.labels['tier'] == 'a'", 'no such key or entry in "namespaceObject" (line 1, column 1)'],
  ["evidence.all(e,\n  e.annotations['team'] == 'a')", 'no such key or entry in "e" (line 2, column 3)'],
  ["evidence[7].verified", 'no such key or entry in "evidence" (line 1, column 1)'],
  ["evidence.filter(e, e.verified)[7].verified", "no such key or entry (line 1, column 9)"],
  ["evidence[0].size / (evidence[0].size - 812) == 1", "a division by zero, or a number out of range"],
  ["evidence[0].size % 0 == 1", "a division by zero, or a number out of range"],
  ["evidence[0].size * 9223372036854775807 == 1", "a division by zero, or a number out of range"],
  ["int(evidence[0].digest) == 1", '"int" cannot be applied to these values (line 1, column 1)'],
  ["bool(evidence[0].digest)", '"bool" cannot be applied to these values (line 1, column 1)'],
  ["timestamp(evidence[0].digest) > timestamp('2026-01-01T00:00:00Z')", '"timestamp" cannot be applied to these values (line 1, column 1)'],
  ["evidence[0].digest.matches('(' + evidence[0].digest)", '"matches" cannot be applied to these values (line 1, column 19)'],
  ["dyn(evidence[0].digest) > 1", '">" cannot be applied to these values (line 1, column 25)'],
  ["{evidence[0].digest: 1, evidence[0].digest: 2}.size() == 1", "it cannot be evaluated (line 1, column 1)"],
  ["dyn(evidence[0].digest).exists(c, c == 'a')", "this is no list or map (line 1, column 24)"],
];
for (const [expression, message] of failures) {
  test(`evaluate() of ${JSON.stringify(expression)} fails: ${message}`, () => {
    const answer = evaluate(expression, input([entry({ digest: "SECRET" })]));
    assert.deepEqual(answer, { ok: false, code: "EXPRESSION_FAILED", message });
  });
}

test("evaluate() of what gives no bool is EXPRESSION_NOT_BOOLEAN, and says nothing of the value", () => {
  const answers = ["dyn(image.tag)", "dyn(evidence[0].size)", "dyn(evidence)", "dyn(null)"].map((expression) => evaluate(expression));
  const message = (what: string): Answer => ({
    ok: false,
    code: "EXPRESSION_NOT_BOOLEAN",
    message: `the expression gives ${what}, and has to give true or false`,
  });
  assert.deepEqual(answers, ["text", "a number", "something else", "something else"].map(message));
});

test("evaluate() finds a key called __proto__ or constructor only where there is one", () => {
  const annotations = JSON.parse('{"__proto__": "own", "toString": "mine"}') as Record<string, string>;
  const on = input([entry({ annotations }), entry()]);
  assert.deepEqual(evaluate("evidence[0].annotations['__proto__'] == 'own' && evidence[0].annotations.toString == 'mine'", on), {
    ok: true,
    value: true,
  });
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assert.deepEqual(evaluate(`has(evidence[1].annotations.${name}) || '${name}' in evidence[1].annotations`, on), {
      ok: true,
      value: false,
    });
  }
});

const growing: Readonly<Record<string, string>> = {
  "a text that doubles": `['a']${".map(x,x+x)".repeat(150)}.size() == 1`,
  "bytes that double": `[b'a']${".map(x,x+x)".repeat(150)}.size() == 1`,
  "many copies of a text as bytes": `['a']${".map(x,x+x)".repeat(19)}.map(x, evidence.map(e, bytes(x))).size() == 1`,
  "a text that doubles beside what decides without it": `true || ['a']${".map(x,x+x)".repeat(150)}.size() == 1`,
  "a text that doubles before what decides without it": `['a']${".map(x,x+x)".repeat(150)}.size() == 1 || true`,
};
for (const [what, expression] of Object.entries(growing)) {
  test(`evaluate() ends at 4 MiB of text: ${what}`, () => {
    const answer = evaluate(expression, input(many));
    const isDecidedFirst = expression.startsWith("true");
    const tooMuch: Answer = { ok: false, code: "EXPRESSION_FAILED", message: "the expression builds more text than it may (4 MiB)" };
    assert.deepEqual(answer, isDecidedFirst ? { ok: true, value: true } : tooMuch);
    assert.deepEqual(evaluate("image.tag + 'x' == '1.2x'"), { ok: true, value: true }); // each evaluation has the whole
  });
}

test("evaluate() takes patterns that other engines take exponential time for", () => {
  const on = input([entry({ reason: "a".repeat(50_000) })]);
  for (const pattern of ["(a*)*b", "(a|aa)+b", "(a+)+$b", "(.*)(.*)(.*)(.*)(.*)b"])
    assert.deepEqual(evaluate(`evidence[0].reason.matches('${pattern}')`, on), { ok: true, value: false }, pattern);
});

test("evaluate() of the deepest expressions that compile does not end the stack", () => {
  const sum = `1${"+1".repeat(390)} == 391`;
  const nested = `${"[true].all(x, ".repeat(60)}true${")".repeat(60)}`;
  const conditions = `${"image.tag=='2'?false:".repeat(97)}true`;
  for (const expression of [sum, nested, conditions]) assert.deepEqual(evaluate(expression), { ok: true, value: true }, expression);
});

test("evaluate() gives the same for the same: a program remembers nothing", () => {
  const record = fc.record({
    size: fc.maxSafeInteger(),
    verified: fc.boolean(),
    reason: fc.string({ unit: "binary" }),
    annotations: fc.dictionary(fc.string(), fc.string()),
  });
  const expressions = [
    "evidence.exists(e, e.verified && e.size > 100)",
    "evidence.all(e, e.annotations.all(k, e.annotations[k].size() < 5) || e.reason.contains('a'))",
    "evidence[0].size % 3 == 0",
  ];
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), fc.constantFrom(...expressions), (records, expression) => {
      const on = input(records.map((changes) => entry(changes)));
      const program = compiler.program(expression);
      assert.ok(!("message" in program));
      const first = program.evaluate(on);
      program.evaluate(input(many));
      assert.deepEqual(program.evaluate(structuredClone(on)), first);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5000 },
  );
});
