import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Truth } from "../../src/engine/kleene.ts";
import { type Evidence, evaluateLeaf } from "../../src/engine/leaf.ts";
import type { VerificationResult } from "../../src/engine/verifier.ts";
import { digestOf } from "../../src/oci/digest-of.ts";

function verified(verifier: string, artifact: string, ...signers: readonly string[]): VerificationResult {
  return { outcome: "verified", verifier, artifact: digestOf(Buffer.from(artifact)), signers: signers.map((id) => ({ id, name: id })) };
}
const rejected = {
  outcome: "rejected",
  verifier: "release",
  artifact: digestOf(Buffer.from("r")),
  reason: "BadSignature",
  message: "bad",
} as const;

function evidenceOf(results: readonly VerificationResult[], complete: boolean): Evidence {
  return {
    results: (verifier) => results.filter((result) => result.verifier === verifier),
    isComplete: () => complete,
    expressions: new Map(),
  };
}

describe("evaluateLeaf()", () => {
  const rows: readonly (readonly [string, number, readonly VerificationResult[], boolean, Truth])[] = [
    ["is true with one signer where one is asked for, whatever is still open", 1, [verified("release", "a", "alice")], false, "true"],
    ["is true however much was rejected beside it", 1, [rejected, verified("release", "a", "alice")], true, "true"],
    ["is unknown with nothing on incomplete evidence", 1, [], false, "unknown"],
    ["is unknown with a rejection on incomplete evidence", 1, [rejected], false, "unknown"],
    ["is false with nothing on complete evidence", 1, [], true, "false"],
    ["is false with a rejection on complete evidence", 1, [rejected], true, "false"],
    ["counts one signer of two artifacts once", 2, [verified("release", "a", "alice"), verified("release", "b", "alice")], true, "false"],
    ["counts two signers of one artifact twice", 2, [verified("release", "a", "alice", "bob")], false, "true"],
    ["counts two signers of two artifacts twice", 2, [verified("release", "a", "alice"), verified("release", "b", "bob")], true, "true"],
    ["is unknown one signer short on incomplete evidence", 2, [verified("release", "a", "alice")], false, "unknown"],
    ["does not count what another verifier verified", 1, [verified("staging", "a", "alice")], true, "false"],
    ["does not count what was verified for nobody", 1, [verified("release", "a")], true, "false"],
  ];
  for (const [sentence, atLeast, results, complete, truth] of rows) {
    it(sentence, () =>
      assert.equal(
        evaluateLeaf({ type: "verifier", verifier: "release", atLeast, count: "Signers", every: false }, evidenceOf(results, complete)),
        truth,
      ),
    );
  }
});

describe("evaluateLeaf() counting artifacts", () => {
  const leaf = { type: "verifier", verifier: "release", atLeast: 2, count: "Artifacts", every: false } as const;
  it("counts two artifacts by one signer twice", () =>
    assert.equal(evaluateLeaf(leaf, evidenceOf([verified("release", "a", "alice"), verified("release", "b", "alice")], false)), "true"));
  it("counts one artifact by two signers once", () =>
    assert.equal(evaluateLeaf(leaf, evidenceOf([verified("release", "a", "alice", "bob")], true)), "false"));
});

describe("evaluateLeaf() with every", () => {
  const leaf = { type: "verifier", verifier: "release", atLeast: 1, count: "Signers", every: true } as const;
  const good = verified("release", "a", "alice");
  const attestation: VerificationResult = { ...rejected, reason: "NotASignature" };
  const extents = (required: boolean, whole: boolean, ...results: readonly VerificationResult[]): Evidence => ({
    ...evidenceOf(results, false),
    isComplete: (_, extent) => (extent === "whole" ? whole : required),
  });
  const rows: readonly (readonly [string, Evidence, Truth])[] = [
    ["is false as soon as one artifact is rejected, whatever is open", extents(false, false, good, rejected), "false"],
    ["is unknown with a good one while evidence is open", extents(false, false, good), "unknown"],
    ["is true with a good one and nothing else on whole evidence", extents(true, true, good), "true"],
    ["is unknown past an Optional Store that failed: it may hold the rejected one", extents(true, false, good), "unknown"],
    ["is false with nothing on required evidence", extents(true, false), "false"],
    ["is not spoilt by an attestation, which is no signature", extents(true, true, good, attestation), "true"],
    ["is false with an attestation alone", extents(true, true, attestation), "false"],
  ];
  for (const [sentence, evidence, truth] of rows) it(sentence, () => assert.equal(evaluateLeaf(leaf, evidence), truth));
});
