import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Truth } from "../../src/engine/kleene.ts";
import type { Evidence } from "../../src/engine/leaf.ts";
import { evaluatePolicies, evaluatePolicy, foldPolicies, isDecided, openExpressions } from "../../src/engine/policy.ts";
import type { View, ViewLeaf, ViewPolicy } from "../../src/engine/view.ts";

const leaf = (verifier: string): ViewLeaf => ({ type: "verifier", verifier, atLeast: 1, count: "Signers", every: false });
const expression = (text: string): ViewLeaf => ({ type: "expression", expression: text });

function policy(name: string, require: readonly (readonly ViewLeaf[])[], more: Partial<ViewPolicy> = {}): ViewPolicy {
  return {
    name: `Policy/${name}`,
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: require.map((anyOf) => ({ anyOf })),
    ...more,
  };
}

/** `yes` has verified, `no` is proven not to have, of everything else nothing is known. */
const evidence: Evidence = {
  results: (verifier) =>
    verifier === "yes"
      ? [{ outcome: "verified", verifier, artifact: "sha256:00" as never, signers: [{ id: "alice", name: "alice" }] }]
      : [],
  isComplete: (verifier) => verifier === "no",
  expressions: new Map([
    ["holds", "true"],
    ["fails", "false"],
  ]),
};
const occasion = { now: 1000, isTag: false };
const until = (expirationTime: number): ViewPolicy["exceptions"] => [{ expirationTime, reason: "SEC-142" }];

describe("evaluatePolicy()", () => {
  const rows: readonly (readonly [string, ViewPolicy, Truth])[] = [
    ["is true where its one requirement is", policy("p", [[leaf("yes")]]), "true"],
    ["is false where its one requirement is", policy("p", [[leaf("no")]]), "false"],
    ["is unknown where its one requirement is", policy("p", [[leaf("open")]]), "unknown"],
    ["wants every entry", policy("p", [[leaf("yes")], [leaf("no")]]), "false"],
    ["is false as soon as one entry is, whatever is open", policy("p", [[leaf("open")], [leaf("no")]]), "false"],
    ["is unknown while an entry is open and none is false", policy("p", [[leaf("yes")], [leaf("open")]]), "unknown"],
    ["is content with one leaf of anyOf", policy("p", [[leaf("no"), leaf("yes")]]), "true"],
    ["is unknown while a leaf of anyOf is open and none is true", policy("p", [[leaf("no"), leaf("open")]]), "unknown"],
    ["takes the value of an expression", policy("p", [[expression("holds")], [expression("fails")]]), "false"],
    ["is unknown with an expression that nobody has evaluated", policy("p", [[expression("later")]]), "unknown"],
    ["is true by an exception that has not ended, whatever was found", policy("p", [[leaf("no")]], { exceptions: until(1001) }), "true"],
    ["is itself again at the very moment when the exception ends", policy("p", [[leaf("no")]], { exceptions: until(1000) }), "false"],
    ["is unknown if it is invalid, even with an exception", policy("p", [], { exceptions: until(9999), problem: "is invalid" }), "unknown"],
    ["is unknown if it is invalid, even if everything holds", policy("p", [[leaf("yes")]], { problem: "is invalid" }), "unknown"],
  ];
  for (const [sentence, subject, value] of rows)
    test(sentence, () => assert.equal(evaluatePolicy(subject, evidence, occasion).value, value));

  test("refuses a tag where it says so, and a digest never", () => {
    const strict = policy("p", [[leaf("yes")]], { tags: "Refuse" });
    assert.equal(evaluatePolicy(strict, evidence, { now: 1000, isTag: true }).value, "false");
    assert.equal(evaluatePolicy(strict, evidence, occasion).value, "true");
  });

  test("lets an exempt image through by its tag", () => {
    const strict = policy("p", [[leaf("no")]], { tags: "Refuse", exceptions: until(1001) });
    assert.equal(evaluatePolicy(strict, evidence, { now: 1000, isTag: true }).value, "true");
  });

  test("names the exception that lasts longest", () => {
    const exempt = policy("p", [[leaf("no")]], { exceptions: [...until(1001), { expirationTime: 2000, reason: "SEC-7" }] });
    assert.equal(evaluatePolicy(exempt, evidence, occasion).exception?.reason, "SEC-7");
  });
});

describe("policies together", () => {
  const fold = (...policies: readonly ViewPolicy[]): ReturnType<typeof evaluatePolicies> =>
    evaluatePolicies({ revision: "", stores: [], verifiers: [], policies } satisfies View, evidence, occasion);
  const holds = policy("holds", [[leaf("yes")]]);
  const fails = policy("fails", [[leaf("no")]]);
  const open = policy("open", [[leaf("open")]]);
  const warns = { enforcement: "Warn" } as const;

  test("all have to allow: a narrower one cannot weaken a wider one", () => assert.equal(foldPolicies(fold(holds, fails)), "false"));
  test("one that is open keeps the verdict open, unless another denies", () => {
    assert.equal(foldPolicies(fold(holds, open)), "unknown");
    assert.equal(foldPolicies(fold(fails, open)), "false");
  });
  test("one that warns or audits moves nothing", () => {
    assert.equal(foldPolicies(fold(holds, policy("w", [[leaf("no")]], warns))), "true");
    assert.equal(foldPolicies(fold(fails, policy("a", [[leaf("yes")]], { enforcement: "Audit" }))), "false");
  });
  test("one that warns is waited for", () => {
    assert.equal(isDecided(fold(holds, policy("w", [[leaf("open")]], warns))), false);
    assert.equal(isDecided(fold(holds, policy("w", [[leaf("no")]], warns))), true);
  });
  test("only expressions that could still matter are asked for, each once", () => {
    const some = fold(
      policy("a", [[expression("x"), leaf("yes")]]),
      policy("b", [[expression("y")], [expression("y")]]),
      policy("c", [[expression("z")]], { problem: "is invalid" }),
      policy("d", [[expression("w")], [leaf("no")]]),
    );
    assert.deepEqual(openExpressions(some), ["y"]);
  });
});
