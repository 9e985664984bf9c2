import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExpressionError, type ExpressionInput } from "../../src/api/expression.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import type { Report } from "../../src/engine/report.ts";
import type { NamespaceInfo } from "../../src/engine/request.ts";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { digestImage, policy, verify, type VerifyOptions, wordOf } from "./verify.ts";

const asking = (expression: string): NonNullable<VerifyOptions["policies"]> => [policy("p", [{ type: "expression", expression }])];
const stores = [entry(modelStore("s", { referrers: [artifact()] }))];
/** As CEL would say, of what these tests write. */
const evaluated = (value: (input: ExpressionInput) => unknown): Expressions => ({
  evaluate: async (_expression, input) => (await Promise.resolve(value(input))) as boolean,
});

describe("an expression that looks at the namespace", () => {
  const judge = (namespace: NamespaceInfo | undefined, expression = "!('strict' in namespaceObject.labels)"): Promise<Report> =>
    verify(stores, {
      policies: asking(expression),
      expressions: evaluated((input) => !("strict" in input.namespace.labels)),
      ...(namespace !== undefined && { namespace }),
    });

  it("takes no label for absent while nobody has seen the namespace", async () => {
    const report = await judge({ name: "shop" });
    assert.equal(wordOf(report), "inconclusive ExpressionFailed");
    assert.match(JSON.stringify(report.verdict), /the labels of the namespace are not known/u);
  });
  for (const expression of [
    "namespaceObject['labels'].size() == 0",
    "!('a' in namespaceObject . labels)",
    "namespaceObject.name == 'a' || !has(namespaceObject.labels.a)",
  ])
    it(`however it is written: ${expression}`, async () =>
      assert.equal(wordOf(await judge({ name: "shop" }, expression)), "inconclusive ExpressionFailed"));
  it("may ask for its name all the same", async () =>
    assert.equal(wordOf(await judge({ name: "shop" }, "namespaceObject . name == 'shop'")), "allow"));
  it("sees the labels of a namespace that has been seen", async () => {
    assert.equal(wordOf(await judge({ name: "shop", labels: {} })), "allow");
    assert.equal(wordOf(await judge({ name: "shop", labels: { strict: "" } })), "deny PolicyNotSatisfied");
  });
  for (const expression of ["!('strict' in namespaceObject.labels)", "namespaceObject.name != 'strict'"])
    it(`takes no namespace, as on the command line, for none that it could deny: ${expression}`, async () => {
      const report = await judge(undefined, expression);
      assert.equal(wordOf(report), "inconclusive ExpressionFailed");
      assert.match(JSON.stringify(report.verdict), /it looks at the namespace, and none is known/u);
    });
  it("has a value without a namespace where it does not look at one", async () =>
    assert.equal(wordOf(await judge(undefined, "evidence.size() == 1")), "allow"));
});

describe("what is remembered of an expression", () => {
  /** Each tells what it saw, and holds for the first only. */
  const rows: readonly (readonly [string, Partial<VerifyOptions>, Partial<VerifyOptions>])[] = [
    ["another namespace", { namespace: { name: "a", labels: {} } }, { namespace: { name: "b", labels: {} } }],
    ["other labels", { namespace: { name: "a", labels: { x: "1" } } }, { namespace: { name: "a", labels: { x: "2" } } }],
    ["labels that are not known", { namespace: { name: "a", labels: {} } }, { namespace: { name: "a" } }],
    ["no namespace", { namespace: { name: "a", labels: {} } }, {}],
    ["a namespace whose name is empty", {}, { namespace: { name: "", labels: {} } }],
    [
      "a namespace whose labels write another's",
      { namespace: { name: "a", labels: { x: "1" } } },
      { namespace: { name: 'a",[["x","1"]]] ', labels: {} } },
    ],
    ["another tag of the same digest", { image: digestImage.replace("@", ":v1@") }, { image: digestImage.replace("@", ":v2@") }],
    ["no tag", { image: digestImage.replace("@", ":v1@") }, { image: digestImage }],
  ];
  for (const [what, first, second] of rows)
    it(`is not told of ${what}`, async () => {
      const clock = new ManualClock();
      let calls = 0;
      const expressions = evaluated(() => {
        calls += 1;
        return calls === 1;
      });
      const ask = async (more: Partial<VerifyOptions>): Promise<string> =>
        (await verify(stores, { policies: asking("x"), expressions, clock, verdicts, ...more })).verdict.outcome;
      const verdicts = new VerdictCache({ clock });
      assert.deepEqual([await ask(first), await ask(second), await ask(first)], ["allow", "deny", "allow"]);
    });
});

describe("an expression that does not give true", () => {
  const failing = (error: unknown): Expressions => ({ evaluate: () => Promise.reject(error) });
  const rows: readonly (readonly [string, Expressions | undefined])[] = [
    ["because nobody can evaluate it", undefined],
    ["because it fails", failing(new ExpressionError("EXPRESSION_FAILED", "no such key"))],
    ["because of a defect", failing(new TypeError("x"))],
    ["because what it throws is nothing", failing(undefined)],
    ["but 1", evaluated(() => 1)],
    ["but a text", evaluated(() => "true")],
    ["but an object", evaluated(() => ({}))],
    ["but nothing", evaluated(() => undefined)],
    ["but null", evaluated(() => null)],
  ];
  for (const [why, expressions] of rows)
    it(`${why} allows nothing`, async () => {
      const report = await verify(stores, { policies: asking("x"), ...(expressions !== undefined && { expressions }) });
      assert.equal(wordOf(report), "inconclusive ExpressionFailed");
    });
  it("because it throws at once allows nothing", async () => {
    const expressions: Expressions = {
      evaluate: () => {
        throw new TypeError("a defect");
      },
    };
    assert.equal(wordOf(await verify(stores, { policies: asking("x"), expressions })), "inconclusive ExpressionFailed");
  });
});
