import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Store } from "../../src/engine/store.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact, subject } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { digestImage, needs, policy, verify, wordOf } from "./verify.ts";

const named = (name: string, mediaType: string = mediaTypes.imageManifest): Descriptor => ({
  mediaType,
  digest: digestOf(Buffer.from(name)),
  size: name.length,
});
const amd64 = named("amd64");
const arm64 = named("arm64");
const inner = named("inner", mediaTypes.imageIndex);
const policies = [policy("each", [needs("release")], { platforms: "Named" })];

/** Signatures on these, and on nothing else. */
function signed(...digests: readonly Digest[]): Pick<Script, "referrers" | "referrersOf"> {
  const of = (digest: Digest): readonly ModelArtifact[] => (digests.includes(digest) ? [artifact({ names: digest })] : []);
  const all = [amd64, arm64, inner].map(({ digest }) => [digest, of(digest)] as const);
  return { referrers: of(subject), referrersOf: Object.fromEntries(all) };
}
async function judge(script: Script): Promise<string> {
  return wordOf(await verify([entry(modelStore("s", script))], { policies }));
}

describe("a policy with platforms: Named opens an index in an index", () => {
  const nested = (as: Descriptor): Pick<Script, "indexes"> => ({ indexes: { [subject]: [as], [inner.digest]: [amd64, arm64] } });
  const rows: readonly (readonly [string, Script, string])[] = [
    ["and is not content with a signature on the inner one", { ...nested(inner), ...signed(inner.digest) }, "deny PolicyNotSatisfied"],
    [
      "though the outer one calls it a manifest",
      { ...nested({ ...inner, mediaType: mediaTypes.imageManifest }), ...signed(inner.digest) },
      "deny PolicyNotSatisfied",
    ],
    ["and wants each of its manifests", { ...nested(inner), ...signed(amd64.digest) }, "deny PolicyNotSatisfied"],
    ["and allows it where each of its manifests is signed", { ...nested(inner), ...signed(amd64.digest, arm64.digest) }, "allow"],
    [
      "and judges a manifest once that two of them name",
      { indexes: { [subject]: [inner, amd64], [inner.digest]: [amd64, arm64] }, ...signed(amd64.digest, arm64.digest) },
      "allow",
    ],
    [
      "and stays open where they name each other and no manifest",
      { indexes: { [subject]: [inner], [inner.digest]: [{ ...inner, digest: subject }] }, ...signed(subject, inner.digest) },
      "inconclusive SubjectUnresolved",
    ],
    [
      "and stays open where they nest too deeply",
      {
        indexes: {
          [subject]: [named("1")],
          ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((at) => [named(`${at}`).digest, [named(`${at + 1}`)]])),
        },
        referrers: [],
      },
      "inconclusive SubjectUnresolved",
    ],
    [
      "and counts all that they name",
      {
        indexes: {
          [subject]: [inner],
          [inner.digest]: Array.from({ length: 33 }, (_, at) => named(`p${at}`)),
        },
      },
      "inconclusive SubjectUnresolved",
    ],
  ];
  for (const [sentence, script, word] of rows) it(sentence, async () => assert.equal(await judge(script), word));

  it("and stays open where nobody says what the index names is", async () => {
    const store = modelStore("s", { ...nested(inner), ...signed(amd64.digest, arm64.digest) });
    const secretive: Store = {
      ...store,
      resolve: (repository, what, signal) =>
        "digest" in what && what.digest === amd64.digest
          ? Promise.reject(new TypeError("a defect"))
          : store.resolve(repository, what, signal),
    };
    assert.equal(wordOf(await verify([entry(secretive)], { policies })), "inconclusive SubjectUnresolved");
  });
});

describe("what a Store says of an index is not believed", () => {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [amd64, arm64].map((one) => ({ ...one })) }),
  );
  const digest = digestOf(bytes);
  const image = digestImage.replace(subject, digest);
  const onIndex = { referrersOf: { [digest]: [artifact({ names: digest })] }, referrers: [] };
  /** As a layout: it has the bytes, and says nothing of what they name. */
  const silent = (name: string, mediaType: string, script: Script): Store => ({
    ...modelStore(name, script),
    resolve: (_repository, what) =>
      "digest" in what && what.digest === digest
        ? Promise.resolve({ mediaType, digest, size: bytes.byteLength })
        : Promise.resolve({ mediaType: mediaTypes.imageManifest, digest: "digest" in what ? what.digest : digest, size: 1 }),
    fetch: (_repository, wanted, signal) =>
      wanted.digest === digest ? Promise.resolve(bytes) : modelStore(name, script).fetch(_repository, wanted, signal),
  });
  const parsed = parseReference(image);
  assert.ok(parsed.ok);

  for (const [what, mediaType, target] of [
    ["an index", mediaTypes.imageIndex, "layout"],
    ["a manifest", mediaTypes.imageManifest, "layout"],
    ["an index", mediaTypes.imageIndex, "registry.example/app"],
  ] as const)
    it(`where ${target === "layout" ? "a layout" : "a registry"} calls it ${what} and does not say which manifests it names`, async () => {
      const report = await verify([entry(silent("s", mediaType, { ...onIndex, target }))], { policies, image });
      assert.notEqual(report.verdict.outcome, "allow");
    });

  it("where it answers for another digest", async () => {
    const store = modelStore("s", { referrers: [artifact()] });
    const lying: Store = { ...store, resolve: () => Promise.resolve({ ...amd64 }) };
    assert.equal(wordOf(await verify([entry(lying)], { policies })), "inconclusive SubjectUnresolved");
  });

  it("for ever, where it does not answer and does not listen", async () => {
    const clock = new ManualClock();
    const deaf: Store = { ...modelStore("s", signed(subject)), resolve: () => new Promise(() => {}) };
    const pending = verify([entry(deaf)], { policies, clock });
    await clock.advance(30_000);
    assert.equal(wordOf(await pending), "inconclusive SubjectUnresolved");
  });
});

describe("the manifests of an index", () => {
  it("have bytes of their own: what is attached to one does not keep another's signature from being read", async () => {
    const junk = Array.from({ length: 8 }, (_, at) => artifact({ names: amd64.digest, finding: "bad", salt: `${at} ${"x".repeat(2000)}` }));
    const script: Script = {
      indexes: { [subject]: [amd64, arm64] },
      referrers: [],
      referrersOf: {
        [amd64.digest]: [...junk, artifact({ names: amd64.digest })],
        [arm64.digest]: [artifact({ names: arm64.digest, finding: "layer" })],
      },
    };
    const limits = { artifacts: 16, totalBytes: 16 * 2 * 1024 };
    assert.equal(wordOf(await verify([entry(modelStore("s", script), { limits })], { policies })), "allow");
  });
});
