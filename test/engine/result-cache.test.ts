import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ResultKey, ResultCache } from "../../src/engine/result-cache.ts";
import type { VerificationResult, Verifier } from "../../src/engine/verifier.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { modelVerifier } from "./model-verifier.ts";

const keyOf = (at: number): ResultKey => ({ artifact: digestOf(Buffer.from(`artifact ${at}`)), subject: digestOf(Buffer.from("image")) });
const verified = (verifier: Verifier, at: number, who = "alice"): VerificationResult => ({
  outcome: "verified",
  verifier: verifier.name,
  artifact: keyOf(at).artifact,
  signers: [{ id: who, name: who }],
});
function fill(cache: ResultCache, verifier: Verifier, count: number): void {
  for (let at = 0; at < count; at += 1) cache.set(verifier, keyOf(at), verified(verifier, at));
}
function held(cache: ResultCache, verifier: Verifier, count: number): number {
  return Array.from({ length: count }, (_, at) => cache.get(verifier, keyOf(at))).filter((result) => result !== undefined).length;
}

describe("ResultCache", () => {
  it("gives what this Verifier found of this artifact for this subject, and nobody else's result", () => {
    const cache = new ResultCache();
    const [verifier, rebuilt] = [modelVerifier("release"), modelVerifier("release")];
    fill(cache, verifier, 1);
    assert.deepEqual(cache.get(verifier, keyOf(0)), verified(verifier, 0));
    assert.equal(cache.get(rebuilt, keyOf(0)), undefined);
    assert.equal(cache.get(verifier, keyOf(1)), undefined);
    assert.equal(cache.get(verifier, { ...keyOf(0), subject: keyOf(0).artifact }), undefined);
  });

  it("keeps nothing that was not found out, or may not be all", () => {
    const cache = new ResultCache();
    const verifier = modelVerifier("release");
    const { artifact } = keyOf(0);
    cache.set(verifier, keyOf(0), { outcome: "inconclusive", verifier: "release", artifact, cause: "no answer" });
    cache.set(verifier, keyOf(1), { ...verified(verifier, 1), incomplete: "there may be more" } as VerificationResult);
    assert.equal(held(cache, verifier, 2), 0);
  });

  it("is bounded for all Verifiers together: however many a namespace has, they hold no more than one of them could", () => {
    const cache = new ResultCache({ max: 100 });
    const many = Array.from({ length: 50 }, (_, at) => modelVerifier(`team-a/v${at}`));
    for (const verifier of many) fill(cache, verifier, 10);
    assert.equal(
      many.reduce((sum, verifier) => sum + held(cache, verifier, 10), 0),
      100,
    );
  });

  it("does not let a namespace push out what the cluster's Verifiers found, or another namespace's", () => {
    const cache = new ResultCache({ max: 100 });
    const [release, other] = [modelVerifier("release"), modelVerifier("team-b/own")];
    fill(cache, release, 20);
    fill(cache, other, 20);
    fill(cache, modelVerifier("team-a/greedy"), 1000);
    assert.deepEqual([held(cache, release, 20), held(cache, other, 20)], [20, 20]);
  });

  it("counts how large results are, and keeps none that is larger than everything may be", () => {
    const cache = new ResultCache({ maxSize: 10_000 });
    const verifier = modelVerifier("release");
    cache.set(verifier, keyOf(0), verified(verifier, 0, "x".repeat(20_000)));
    fill(cache, verifier, 0);
    assert.equal(cache.get(verifier, keyOf(0)), undefined);
    for (let at = 1; at < 20; at += 1) cache.set(verifier, keyOf(at), verified(verifier, at, "x".repeat(1000)));
    const kept = held(cache, verifier, 20);
    assert.ok(kept > 0 && kept < 10, `${kept}`);
  });
});
