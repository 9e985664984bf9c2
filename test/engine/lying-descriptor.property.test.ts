import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { artifact, malformed, type ModelArtifact, otherSubject, signatureType } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { needs, policy, verify, wordOf } from "./verify.ts";

/** Nothing of these lets an image in, whatever is said of them. */
const worthless: readonly ModelArtifact[] = [
  artifact({ finding: "bad" }),
  artifact({ finding: "attestation" }),
  artifact({ finding: "throws" }),
  artifact({ names: otherSubject }),
  artifact({ names: null }),
  artifact({ type: "application/vnd.junk", names: otherSubject, salt: 1 }),
  malformed(),
  malformed('{"schemaVersion":2,"manifests":[]}'),
];
const good = artifact();

/** What a listing says of an artifact: all of it may be untrue but the digest, by which it is asked for, and that may be another's. */
const lie = (artifacts: readonly ModelArtifact[]): fc.Arbitrary<Partial<Descriptor>> =>
  fc.record(
    {
      digest: fc.constantFrom(...artifacts.map(({ descriptor }) => descriptor.digest)),
      size: fc.constantFrom(0, 1, 500, 2 ** 31, Number.MAX_SAFE_INTEGER),
      mediaType: fc.constantFrom(...Object.values(mediaTypes), "application/octet-stream"),
      artifactType: fc.constantFrom(signatureType, "application/vnd.junk", mediaTypes.cosignSignature),
    },
    { requiredKeys: [] },
  );
const lying = (artifacts: readonly ModelArtifact[]): fc.Arbitrary<readonly ModelArtifact[]> =>
  fc.array(
    fc
      .tuple(fc.constantFrom(...artifacts), lie(artifacts))
      .map(([one, said]): ModelArtifact => ({ ...one, listed: { ...(one.listed ?? one.descriptor), ...said } })),
    { maxLength: 6 },
  );
/** A Store that lists them so, and gives what it is asked for: whose digest is right, it cannot but be honest of the bytes. */
const script = (artifacts: readonly ModelArtifact[]): fc.Arbitrary<Script> =>
  lying(artifacts).map((referrers) => ({ referrers, holds: artifacts, location: "lying.example/app" }));

const verifiers = ready(modelVerifier("release"));
const policies = fc.constantFrom(
  undefined,
  [policy("two", [needs("release", { atLeast: 2 })])],
  [policy("artifacts", [needs("release", { count: "Artifacts" })])],
  [policy("every", [needs("release", { every: true })])],
);
const box = { numRuns: 300, interruptAfterTimeLimit: 6_000 } as const;

test("verifyImage() lets nothing in by what a listing says of an artifact: its own bytes, read by digest, say what it is", async () => {
  await fc.assert(
    fc.asyncProperty(script(worthless), policies, async (lies, given) => {
      const report = await verify([entry(modelStore("liar", lies))], { verifiers, ...(given !== undefined && { policies: given }) });
      assert.notEqual(wordOf(report), "allow", JSON.stringify(report.verdict));
    }),
    box,
  );
});

test("verifyImage() counts a good signature beside any lies of another Store, and once, whatever they say of it", async () => {
  await fc.assert(
    fc.asyncProperty(script([good, ...worthless]), fc.constantFrom("Required" as const, "Optional" as const), async (lies, evidence) => {
      const stores = [entry(modelStore("liar", lies), { evidence }), entry(modelStore("honest", { referrers: [good] }))];
      assert.equal(wordOf(await verify(stores, { verifiers })), "allow");
      for (const count of ["Signers", "Artifacts"] as const) {
        const word = wordOf(await verify(stores, { verifiers, policies: [policy("two", [needs("release", { atLeast: 2, count })])] }));
        assert.notEqual(word, "allow");
      }
    }),
    box,
  );
});

test("verifyImage() reports of every artifact that was read the size that its bytes have", async () => {
  await fc.assert(
    fc.asyncProperty(script([good, ...worthless]), async (lies) => {
      const every = [policy("every", [needs("release", { every: true })])];
      const { artifacts } = await verify([entry(modelStore("liar", lies))], { verifiers, policies: every });
      for (const { digest, readFrom, size } of artifacts) {
        const own = [good, ...worthless].find(({ descriptor }) => descriptor.digest === digest);
        if (readFrom !== undefined) assert.equal(size, own?.bytes.byteLength);
      }
    }),
    box,
  );
});
