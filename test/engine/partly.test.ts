import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { ResultCache } from "../../src/engine/result-cache.ts";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { ViewPolicy } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type Finding } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { digestImage, reference, wordOf } from "./verify.ts";

/** So many signers of one Verifier, and nothing else. */
function needing(atLeast: number): ViewPolicy {
  const leaf = { type: "verifier", verifier: "release", atLeast, count: "Signers", every: false } as const;
  return {
    name: "Policy/two",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [{ anyOf: [leaf] }],
  };
}

async function judge(findings: readonly Finding[], atLeast: number, results: ResultCache = new ResultCache()): Promise<Report> {
  const referrers = findings.map((finding, salt) => artifact({ finding, salt }));
  const view = {
    revision: "r1",
    stores: [entry(modelStore("a", { referrers }))],
    verifiers: ready(verifier),
    policies: [needing(atLeast)],
  };
  const deps = { clock: new ManualClock(), memory: new Map<string, string>(), results };
  return await verifyImage({ image: digestImage, reference: reference(digestImage), view }, deps, new AbortController().signal);
}
const verifier = modelVerifier("release");

describe("verifyImage() over an artifact that may have more signers than were found", () => {
  const rows: readonly (readonly [sentence: string, findings: readonly Finding[], atLeast: number, word: string])[] = [
    ["allows where those that were found are enough", ["partly alice"], 1, "allow"],
    ["is inconclusive where they are not: the others may be", ["partly alice"], 2, "inconclusive VerifierInconclusive"],
    ["allows where another artifact has the other signer", ["partly alice", "by bob"], 2, "allow"],
    ["denies where all of them are known", ["by alice"], 2, "deny PolicyNotSatisfied"],
  ];
  for (const [sentence, findings, atLeast, word] of rows) {
    it(sentence, async () => assert.equal(wordOf(await judge(findings, atLeast)), word));
  }

  it("says why, and asks anew the next time", async () => {
    const results = new ResultCache();
    const { verdict } = await judge(["partly alice"], 2, results);
    assert.ok(verdict.outcome === "inconclusive");
    assert.match(verdict.causes.join(), /Verifier\/release on sha256:[0-9a-f]+.*: it has more signatures than are looked at/u);
    const before = verifier.asked.length;
    await judge(["partly alice"], 2, results);
    assert.equal(verifier.asked.length, before + 1);
  });
});
