import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Report } from "../../src/engine/report.ts";
import { ResultCache } from "../../src/engine/result-cache.ts";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { ViewPolicy } from "../../src/engine/view.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import type { ModelArtifact } from "../engine/model-artifact.ts";
import { entry, modelStore } from "../engine/model-store.ts";
import { ready } from "../engine/model-verifier.ts";
import { reference, wordOf } from "../engine/verify.ts";
import { ManualClock } from "../support/clock.ts";
import { toArtifact, toBlob, types } from "../support/signer/artifact.ts";
import { attest, createSigningKey, flipField, imageSignatureFormats, type SignedArtifact, signImage } from "../support/signer.ts";
import { hexOf, never, otherSubject, repository, subject, toDigest, verifierOf, word } from "./fixture.ts";

const [alice, bob, mallory] = [createSigningKey("P-256"), createSigningKey("Ed25519"), createSigningKey("P-256")];

/** What may be attached to an image beside what counts, and as what it is reported. */
const rubbish: readonly (readonly [what: string, artifact: SignedArtifact, reason: string])[] = [
  ...imageSignatureFormats.flatMap((format): (readonly [string, SignedArtifact, string])[] => [
    [
      `a damaged ${format}`,
      signImage({ key: alice, subject, repository, format, alter: flipField("signature") }),
      format === "bundle" ? "BadSignature" : "NoTrustedKey",
    ],
    [`a ${format} by a stranger`, signImage({ key: mallory, subject, repository, format }), "NoTrustedKey"],
    [
      `a ${format} of another image`,
      signImage({
        key: alice,
        subject,
        repository,
        format,
        payload: (document) => JSON.parse(JSON.stringify(document).replaceAll(hexOf(subject), hexOf(otherSubject))) as unknown,
      }),
      "WrongSubject",
    ],
    [`a ${format} of no JSON`, signImage({ key: alice, subject, repository, format, payload: () => Buffer.from("{") }), "Malformed"],
  ]),
  ["a scan report by a trusted key", attest({ key: alice, subject }), "NotASignature"],
  ["a bundle that is none", bundleOf("[]"), "Malformed"],
  ["a bundle that never ends", bundleOf("[".repeat(100_000)), "Malformed"],
  [
    "a signature without layers",
    toArtifact({ artifactType: types.cosignSignature, config: toBlob(types.cosignSignature, "{}"), layers: [], subject }),
    "NotASignature",
  ],
];

describe("a valid signature beside what is none", () => {
  for (const format of imageSignatureFormats) {
    const good = signImage({ key: alice, subject, repository, format });
    for (const [what, bad, reason] of rubbish) {
      it(`as ${format} counts beside ${what}, which is reported as ${reason}`, async () => {
        for (const attached of [
          [good, bad],
          [bad, good],
        ]) {
          assert.equal(wordOf(await judge(attached, 1)), "allow");
          // Two signers are needed and there is one: nothing is stopped early, and everything is reported.
          const report = await judge(attached, 2);
          assert.equal(wordOf(report), "deny PolicyNotSatisfied");
          assert.deepEqual(
            outcomes(report),
            new Map([
              [good.digest, "verified"],
              [bad.digest, reason],
            ]),
          );
        }
      });
    }
  }

  it("counts whatever is attached beside it, in whatever order, and everybody who signed", async () => {
    const good = imageSignatureFormats.flatMap((format) => [alice, bob].map((key) => signImage({ key, subject, repository, format })));
    const pair = fc.tuple(
      fc.constantFrom(...good.filter((_, at) => at % 2 === 0)),
      fc.constantFrom(...good.filter((_, at) => at % 2 === 1)),
    );
    const some = fc.subarray(rubbish.map(([, artifact]) => artifact));
    const shuffled = fc
      .tuple(pair, some)
      .chain(([signed, others]) => fc.shuffledSubarray([...signed, ...others], { minLength: signed.length + others.length }));
    await fc.assert(
      fc.asyncProperty(shuffled, async (attached) => {
        const report = await judge(attached, 2);
        assert.equal(wordOf(report), "allow", JSON.stringify(report.verdict));
      }),
      { numRuns: 60, interruptAfterTimeLimit: 4000 },
    );
  });

  it("is not made of two halves: an image with rubbish alone is denied", async () => {
    const report = await judge(
      rubbish.map(([, artifact]) => artifact),
      1,
    );
    assert.equal(wordOf(report), "deny PolicyNotSatisfied");
    assert.deepEqual(outcomes(report), new Map(rubbish.map(([, { digest }, reason]) => [digest, reason])));
  });
});

/** Verifies the image with this attached, where so many of alice and bob are needed. */
async function judge(attached: readonly SignedArtifact[], atLeast: number): Promise<Report> {
  const leaf = { type: "verifier", verifier: "release", atLeast, count: "Signers", every: false } as const;
  const policy: ViewPolicy = {
    name: "Policy/signed",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [{ anyOf: [leaf] }],
  };
  const store = modelStore("a", {
    referrers: attached.filter(({ tag }) => tag === undefined).map(toModel),
    tagged: attached.filter(({ tag }) => tag !== undefined).map(toModel),
  });
  const image = `${repository}@${subject.digest}`;
  const view = { revision: "r1", stores: [entry(store)], verifiers: ready(verifierOf(alice, bob)), policies: [policy] };
  const deps = { clock: new ManualClock(), memory: new Map<string, string>(), results: new ResultCache() };
  return await verifyImage({ image, reference: reference(image), view }, deps, never);
}

function toModel(artifact: SignedArtifact): ModelArtifact {
  assert.ok(parseManifest(artifact.manifest).ok);
  const { mediaType, size, artifactType, tag } = artifact;
  return {
    descriptor: { mediaType, digest: toDigest(artifact.digest), size, ...(tag === undefined && { artifactType }) },
    bytes: artifact.manifest,
    layers: new Map(artifact.blobs.map(({ digest, bytes }) => [toDigest(digest), bytes])),
  };
}

/** By artifact: what its one Verifier found. */
function outcomes({ artifacts }: Report): ReadonlyMap<string, string> {
  return new Map(artifacts.map(({ digest, results }) => [digest, results.map(word).join()]));
}

function bundleOf(text: string): SignedArtifact {
  return toArtifact({ artifactType: types.bundle, config: toBlob(types.empty, "{}"), layers: [toBlob(types.bundle, text)], subject });
}
