import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResultCache } from "../../src/engine/result-cache.ts";
import { verifyRealms } from "../../src/engine/verify-realms.ts";
import type { View, ViewPolicy } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { digestImage, needs, policy, reference, verify, wordOf } from "./verify.ts";

/** Policies that no decoder lets through: should one come all the same, it allows nothing, or a defect elsewhere would let every image in. */
describe("a policy that asks for nothing", () => {
  const denied = "deny PolicyNotSatisfied";
  const invalid = "inconclusive PolicyInvalid";
  const exempt = { exceptions: [{ expirationTime: 8e15, reason: "SEC-1" }] };
  /** What becomes of an image without artifacts, and of a signed one. */
  const rows: readonly (readonly [string, ViewPolicy, string, string])[] = [
    ["without requirements is invalid", policy("p", []), invalid, invalid],
    ["without requirements is invalid, whatever its exceptions say", policy("p", [], exempt), invalid, invalid],
    ["with a requirement of no leaf is never satisfied", policy("p", [], { require: [{ anyOf: [] }] }), denied, denied],
    ["with atLeast: 0 is never satisfied", policy("p", [needs("release", { atLeast: 0 })]), denied, denied],
    ["with a negative atLeast is never satisfied", policy("p", [needs("release", { atLeast: -1 })]), denied, denied],
    ["with atLeast: NaN is never satisfied", policy("p", [needs("release", { atLeast: Number.NaN })]), denied, denied],
    ["of no artifacts at all is never satisfied", policy("p", [needs("release", { atLeast: 0, count: "Artifacts" })]), denied, denied],
    ["with every and atLeast: 0 is never satisfied", policy("p", [needs("release", { atLeast: 0, every: true })]), denied, denied],
  ];
  for (const [sentence, some, ofNothing, ofSigned] of rows)
    it(sentence, async () => {
      const judge = async (referrers: readonly ModelArtifact[]): Promise<string> =>
        wordOf(await verify([entry(modelStore("s", { referrers }))], { policies: [some] }));
      assert.deepEqual([await judge([]), await judge([artifact()])], [ofNothing, ofSigned]);
    });

  it("is no reason to deny where it only warns", async () => {
    const policies = [policy("p", [needs("release")]), policy("w", [], { enforcement: "Warn" })];
    const report = await verify([entry(modelStore("s", { referrers: [artifact()] }))], { policies });
    assert.deepEqual([wordOf(report), report.policies[1]?.outcome], ["allow", "inconclusive"]);
  });
});

describe("the cluster's policies", () => {
  const judge = async (referrers: readonly ModelArtifact[], cluster: readonly ViewPolicy[], namespaced?: readonly ViewPolicy[]) => {
    const verifiers = ready(modelVerifier("release"));
    const viewOf = (policies: readonly ViewPolicy[]): View => ({
      revision: "r1",
      stores: [entry(modelStore("s", { referrers }))],
      verifiers,
      policies,
    });
    const realms = { cluster: viewOf(cluster), ...(namespaced !== undefined && { namespaced: viewOf(namespaced) }) };
    const deps = { clock: new ManualClock(), memory: new Map<string, string>(), results: new ResultCache() };
    const signal = new AbortController().signal;
    return wordOf(await verifyRealms({ image: digestImage, reference: reference(digestImage), realms }, deps, signal));
  };
  const warns = policy("w", [needs("release")], { enforcement: "Warn" });
  const audits = policy("a", [needs("release")], { enforcement: "Audit" });
  const enforces = policy("e", [needs("release")]);

  it("are the built-in one where there is none that enforces", async () => {
    assert.equal(await judge([], []), "deny NoValidSignature");
    assert.equal(await judge([], [warns, audits]), "deny NoValidSignature");
    assert.equal(await judge([artifact()], []), "allow");
    assert.equal(await judge([artifact()], [warns, audits]), "allow");
  });

  it("are the built-in one whatever a namespace enforces", async () => {
    assert.equal(
      await judge([], [audits], [policy("t", [needs("release")], { exceptions: [{ expirationTime: 8e15, reason: "" }] })]),
      "deny NoValidSignature",
    );
  });

  it("are enough where those of the namespace only warn", async () => {
    assert.equal(
      await judge([artifact()], [enforces], [policy("t", [needs("release", { atLeast: 2 })], { enforcement: "Warn" })]),
      "allow",
    );
  });
});
