import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact, subject } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { needs, policy, verify, wordOf } from "./verify.ts";

const platform = (name: string): Descriptor => ({
  mediaType: mediaTypes.imageManifest,
  digest: digestOf(Buffer.from(name)),
  size: name.length,
});
const amd64 = platform("amd64");
const arm64 = platform("arm64");
const index = { [subject]: [amd64, arm64] };
const signature = (of: Descriptor): ModelArtifact => artifact({ names: of.digest });
const each = policy("each", [needs("release")], { platforms: "Named" });
const whole = policy("whole", [needs("release")]);

/** Signatures on the index, and on some of its platforms. */
function signed(onIndex: readonly ModelArtifact[], ...platforms: readonly Descriptor[]): Script {
  const of = (one: Descriptor): readonly ModelArtifact[] => (platforms.includes(one) ? [signature(one)] : []);
  return { indexes: index, referrers: onIndex, referrersOf: { [amd64.digest]: of(amd64), [arm64.digest]: of(arm64) } };
}
async function judge(script: Script, ...policies: readonly (typeof each)[]): Promise<string> {
  return wordOf(await verify([entry(modelStore("s", script))], { policies }));
}

describe("a policy with platforms: Named", () => {
  const rows: readonly (readonly [string, Script, readonly (typeof each)[], string])[] = [
    ["allows an index all of whose manifests are signed", signed([], amd64, arm64), [each], "allow"],
    ["denies an index one of whose manifests is not", signed([], amd64), [each], "deny PolicyNotSatisfied"],
    ["does not take a signature on the index for one on its manifests", signed([artifact()]), [each], "deny PolicyNotSatisfied"],
    ["leaves another policy to look at the index", signed([artifact()], amd64, arm64), [each, whole], "allow"],
    ["leaves another policy to deny by the index", signed([], amd64, arm64), [each, whole], "deny PolicyNotSatisfied"],
    ["judges an image of one platform as it is", { referrers: [artifact()] }, [each], "allow"],
    ["stays open while nobody says what the digest names", { resolve: "ServerError" }, [each], "inconclusive SubjectUnresolved"],
    ["stays open with an index of nothing", { indexes: { [subject]: [] } }, [each], "inconclusive SubjectUnresolved"],
    [
      "stays open with an index of more manifests than are judged",
      { indexes: { [subject]: Array.from({ length: 33 }, (_, at) => platform(`p${at}`)) } },
      [each],
      "inconclusive SubjectUnresolved",
    ],
    [
      "ends with an index that names itself",
      { indexes: { [subject]: [{ ...amd64, digest: subject }] }, referrers: [artifact()] },
      [each],
      "inconclusive SubjectUnresolved",
    ],
  ];
  for (const [sentence, script, policies, word] of rows) it(sentence, async () => assert.equal(await judge(script, ...policies), word));

  it("denies by what another policy says, whatever is not known of the manifests", async () => {
    assert.equal(await judge({ resolve: "ServerError" }, each, whole), "deny PolicyNotSatisfied");
  });

  for (const [sentence, more] of [
    ["that only warns", { enforcement: "Warn" }],
    ["with an exception", { exceptions: [{ expirationTime: 8e15, reason: "SEC-1" }] }],
  ] as const)
    it(`${sentence} does not keep the verdict open, whatever is not known of the manifests`, async () => {
      const some = policy("some", [needs("release")], { platforms: "Named", ...more });
      assert.equal(await judge({ resolve: "ServerError", referrers: [artifact()] }, some, whole), "allow");
      assert.equal(await judge({ resolve: "ServerError" }, some, whole), "deny PolicyNotSatisfied");
    });

  it("is reported once, as the manifest that it likes least has it, under the digest that was asked for", async () => {
    const report = await verify([entry(modelStore("s", signed([], amd64)))], { policies: [each] });
    assert.equal(report.digest, subject);
    assert.deepEqual(
      report.policies.map(({ name, outcome }) => [name, outcome]),
      [["Policy/each", "deny"]],
    );
    assert.deepEqual(
      report.artifacts.map((one) => one.subject),
      [amd64.digest],
    );
  });

  it("names the manifest in the sentence", async () => {
    const report = await verify([entry(modelStore("s", signed([], amd64)))], { policies: [each] });
    assert.ok(report.summary.includes(arm64.digest.slice(0, 15)), report.summary);
  });

  it("does not tell who has to answer early what the other policies say alone", async () => {
    const clock = new ManualClock();
    const verdicts = new VerdictCache({ clock });
    const script = { ...signed([artifact()], amd64), referrersOf: { [amd64.digest]: "silence", [arm64.digest]: "silence" } } as const;
    const caller = new AbortController();
    const pending = verify([entry(modelStore("s", script))], { policies: [each, whole], clock, verdicts, signal: caller.signal });
    await clock.advance(100);
    caller.abort();
    assert.equal((await pending).verdict.outcome, "inconclusive");
  });
});
