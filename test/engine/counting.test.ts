import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { artifact, type ModelArtifact } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { needs, policy, verify, wordOf } from "./verify.ts";

const one = artifact();
const again = artifact({ salt: "wrapped anew by whoever may push" });
const denied = "deny PolicyNotSatisfied";

describe("two are", () => {
  const listing = (...referrers: readonly ModelArtifact[]): Script => ({ referrers });
  const rows: readonly (readonly [string, readonly Script[], signers: string, artifacts: string])[] = [
    ["not one artifact under cosign's tag and among the referrers", [{ ...listing(one), tagged: [one] }], denied, denied],
    ["not one artifact in two Stores", [listing(one), { ...listing(one), location: "mirror.example/app" }], denied, denied],
    ["not one artifact that is listed twice", [listing(one, one)], denied, denied],
    ["not one signature in two artifacts, but to `count: Artifacts`", [listing(one, again)], denied, "allow"],
    ["two signers in one artifact, but not to `count: Artifacts`", [listing(artifact({ finding: "by alice bob" }))], "allow", denied],
  ];
  for (const [sentence, scripts, signers, artifacts] of rows)
    it(sentence, async () => {
      const judge = async (count: "Signers" | "Artifacts"): Promise<string> => {
        const stores = scripts.map((script, at) => entry(modelStore(`s${at}`, script)));
        return wordOf(await verify(stores, { policies: [policy("p", [needs("release", { atLeast: 2, count })])] }));
      };
      assert.deepEqual([await judge("Signers"), await judge("Artifacts")], [signers, artifacts]);
    });
});
