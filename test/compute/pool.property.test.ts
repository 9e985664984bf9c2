import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ExpressionError } from "../../src/api/expression.ts";
import { ExpressionPool } from "../../src/compute/pool.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { entry, input, many, unaborted } from "./fixture.ts";

const condition = fc.letrec<{ readonly condition: string; readonly list: string; readonly value: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom("true", "e.verified", "has(e.annotations.a)", "e", "nothing"),
    fc.tuple(tie("value"), fc.constantFrom("==", "!=", "<", ">=", "in"), tie("value")).map(([a, op, b]) => `${a} ${op} ${b}`),
    fc.tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie("list"), fc.constantFrom("all", "exists", "exists_one"), tie("condition")).map(([l, m, c]) => `${l}.${m}(e, ${c})`),
    fc
      .tuple(tie("value"), fc.constantFrom("(a*)*b", "(", "a{1000}{1000}", "^.$", "\\\\pL{900}"))
      .map(([v, p]) => `string(${v}).matches('${p}')`),
  ),
  list: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("evidence", "[1, 2.0, 'a']", "{'a': 1}", "namespaceObject.labels", "e.signers"),
    fc.tuple(tie("list"), tie("condition")).map(([l, c]) => `${l}.filter(e, ${c})`),
    fc.tuple(tie("list"), tie("value")).map(([l, v]) => `${l}.map(e, ${v})`),
    fc.tuple(tie("list"), tie("list")).map(([a, b]) => `(${a} + ${b})`),
  ),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      "1",
      "0",
      "-9223372036854775808",
      "1.5",
      "'a'",
      "b'a'",
      "null",
      "e",
      "e.size",
      "image.tag",
      "e.annotations['a']",
      "__proto__",
      "timestamp('x')",
    ),
    fc.tuple(tie("value"), fc.constantFrom("+", "-", "*", "/", "%"), tie("value")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(fc.constantFrom("int", "string", "bytes", "dyn", "type", "size", "double", "duration"), tie("value"))
      .map(([f, v]) => `${f}(${v})`),
    fc.tuple(tie("condition"), tie("value"), tie("value")).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    tie("list"),
  ),
}));

const expressions = fc.oneof(
  { arbitrary: condition.condition.map((text) => `evidence.exists(e, ${text})`), weight: 5 },
  { arbitrary: condition.condition.map((text) => `evidence.all(e, evidence.all(f, dyn(e) == f || ${text}))`), weight: 1 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 60 }), weight: 1 },
);
const evidence = fc.oneof(
  fc.array(
    fc
      .record({
        size: fc.oneof(fc.maxSafeInteger(), fc.double()),
        verified: fc.boolean(),
        reason: fc.string({ unit: "binary" }),
        annotations: fc.dictionary(fc.oneof(fc.constantFrom("a", "__proto__", "constructor"), fc.string()), fc.string()),
      })
      .map((changes) => entry(changes)),
    { maxLength: 5 },
  ),
  fc.constant(many),
);

test("whatever it is given, evaluate() gives a bool or an ExpressionError, and then serves the next", async () => {
  // The real clock: an expression that would run for minutes would keep this test for minutes.
  await using pool = new ExpressionPool({ clock: systemClock, deadlineMs: 200, startMs: 60_000 });
  const seen = { values: 0, codes: new Set<string>() };
  await fc.assert(
    fc.asyncProperty(expressions, evidence, async (expression, records) => {
      try {
        assert.equal(typeof (await pool.evaluate(expression, input(records), unaborted)), "boolean");
        seen.values += 1;
      } catch (error) {
        assert.ok(error instanceof ExpressionError, `${String(error)} by ${expression}`);
        assert.match(error.message, /^[ -~]{1,250}$/);
        seen.codes.add(error.code);
      }
      const next = pool.evaluate("evidence.size() == 1", input(), unaborted);
      assert.equal(await next.catch((error: unknown) => error instanceof ExpressionError && error.code === "EXPRESSION_TIMEOUT"), true);
    }),
    { numRuns: 600, interruptAfterTimeLimit: 20_000 },
  );
  assert.ok(seen.values > 10, `${seen.values} values`);
  assert.ok(seen.codes.has("EXPRESSION_INVALID") && seen.codes.has("EXPRESSION_FAILED"), [...seen.codes].join());
});

test("messages name no value of the evidence", async () => {
  await using pool = new ExpressionPool({ clock: systemClock, deadlineMs: 1000, startMs: 60_000 });
  const secret = "s3cr3t-value";
  const records = [entry({ reason: secret, digest: secret, annotations: { a: secret }, signers: [{ id: secret, name: secret }] })];
  await fc.assert(
    fc.asyncProperty(expressions, async (expression) => {
      const failure = await pool.evaluate(expression, input(records), unaborted).then(
        () => "",
        (error: unknown) => String(error),
      );
      assert.ok(!failure.includes(secret), failure);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 10_000 },
  );
});
