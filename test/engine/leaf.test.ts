import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Truth } from "../../src/engine/kleene.ts";
import { evaluateBuiltIn, evaluateLeaf } from "../../src/engine/leaf.ts";
import type { VerificationResult } from "../../src/engine/verifier.ts";
import { digestOf } from "../../src/oci/digest-of.ts";

function verified(verifier: string, artifact: string, ...signers: readonly string[]): VerificationResult {
  return { outcome: "verified", verifier, artifact: digestOf(Buffer.from(artifact)), signers: signers.map((id) => ({ id, name: id })) };
}
const rejected: VerificationResult = {
  outcome: "rejected",
  verifier: "release",
  artifact: digestOf(Buffer.from("r")),
  reason: "BadSignature",
  message: "bad",
};

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
    it(sentence, () => assert.equal(evaluateLeaf({ verifier: "release", atLeast }, { results, complete }), truth));
  }
});

describe("evaluateBuiltIn()", () => {
  const rows: readonly (readonly [string, readonly string[], readonly VerificationResult[], boolean, Truth])[] = [
    ["is true as soon as any verifier has verified one", ["a", "b"], [verified("b", "x", "alice")], false, "true"],
    ["is unknown while evidence is open", ["a", "b"], [], false, "unknown"],
    ["is false when evidence is complete", ["a", "b"], [], true, "false"],
    ["is unknown without a verifier while evidence is open", [], [], false, "unknown"],
    ["is false without a verifier that is of signatures, on complete evidence", [], [verified("sbom", "x", "alice")], true, "false"],
    ["does not count a verifier of content", ["a"], [verified("sbom", "x", "alice")], true, "false"],
  ];
  for (const [sentence, verifiers, results, complete, truth] of rows) {
    it(sentence, () => assert.equal(evaluateBuiltIn(verifiers, { results, complete }), truth));
  }
});
