import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { StoreError } from "../../src/engine/store.ts";
import type { VerificationResult } from "../../src/engine/verifier.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { decodeBundle, preAuthEncoding } from "../../src/verifier/cosign/bundle.ts";
import { hostileBytes, hostileDocument } from "../support/hostile-json.ts";
import { toArtifact, toBlob, types } from "../support/signer/artifact.ts";
import { createSigningKey, type ImageSignatureFormat, imageSignatureFormats, type SignedArtifact, signImage } from "../support/signer.ts";
import { hexOf, inputOf, judged, never, repository, subject, verifierOf, verifierThatNeeds } from "./fixture.ts";

const alice = createSigningKey("P-256");
const options = { numRuns: 800, interruptAfterTimeLimit: 5000 } as const;
const signed = (format: ImageSignatureFormat): SignedArtifact => signImage({ key: alice, subject, repository, format });
const firstLayer = ({ blobs }: SignedArtifact): unknown => JSON.parse(Buffer.from(blobs.at(-1)?.bytes ?? []).toString());

/** A finding in the words that reports have; anything else is thrown, and only a Store's failure may be. */
function assertFinding(result: VerificationResult): void {
  if (result.outcome === "rejected") assert.match(result.message, /^[A-Z][\x20-\x7e]{0,255}$/u);
  if (result.outcome === "inconclusive") assert.match(result.cause, /^[\x20-\x7e]{1,256}$/u);
  if (result.outcome === "verified")
    assert.deepEqual(
      result.signers.map(({ id }) => id),
      [`key:${alice.fingerprint}`],
    );
}

describe("decodeBundle() and hostile bundles", () => {
  it("answers with an envelope that is sound, or with one line that says what is wrong", () => {
    fc.assert(
      fc.property(hostileBytes(firstLayer(signed("bundle"))), (bytes) => {
        const decoded = decodeBundle(bytes);
        if (!decoded.ok) assert.match(decoded.message, /^[\x20-\x7e]{1,256}$/u);
        else if (decoded.value.content === "envelope") {
          const { signatures, payload, payloadType } = decoded.value;
          assert.ok(signatures.length >= 1 && signatures.length <= 16);
          assert.ok(signatures.every(({ byteLength }) => byteLength >= 1 && byteLength <= 1024));
          assert.ok(payload.byteLength <= 256 * 1024 && typeof payloadType === "string");
        }
      }),
      options,
    );
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it("takes nothing in which a name stands twice, in whatever spelling", () => {
    fc.assert(
      fc.property(hostileDocument(firstLayer(signed("bundle"))), ({ text, isAmbiguous }) => {
        if (isAmbiguous) assert.equal(decodeBundle(Buffer.from(text)).ok, false);
      }),
      options,
    );
  });
});

describe("preAuthEncoding()", () => {
  it("gives the same bytes cut elsewhere into type and payload another encoding: what is signed as one is not another", () => {
    // Blanks and digits, of which the encoding's own separators are made.
    const whole = fc.string({ unit: fc.constantFrom(" ", "1", "2", "a", "\u00e9"), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(whole, fc.nat(12), fc.nat(12), (text, at, other) => {
        const [bytes, others] = [at, other].map((cut) => preAuthEncoding(text.slice(0, cut), Buffer.from(text.slice(cut))));
        const isSame = text.slice(0, at) === text.slice(0, other);
        assert.equal(Buffer.from(bytes ?? []).equals(others ?? new Uint8Array(1)), isSame);
      }),
      { numRuns: 1000 },
    );
  });
});

/** By a reading of its own: the document says that it is a signature of the image. */
const says: Readonly<Record<ImageSignatureFormat, (document: never) => boolean>> = {
  legacy: isSimpleSigning,
  referrers: isSimpleSigning,
  bundle: isStatement,
};
interface SimpleSigning {
  readonly critical: { readonly type: unknown; readonly image: Readonly<Record<string, unknown>> };
}
function isSimpleSigning({ critical }: SimpleSigning): boolean {
  return critical.type === "cosign container image signature" && critical.image["docker-manifest-digest"] === subject.digest;
}
interface Statement {
  readonly predicateType: unknown;
  readonly subject: readonly { readonly digest?: Readonly<Record<string, unknown>> }[];
}
function isStatement(statement: Statement): boolean {
  const isOurs = statement.subject.some((entry) => entry?.digest?.["sha256"] === hexOf(subject));
  return statement.predicateType === "https://sigstore.dev/cosign/sign/v1" && isOurs;
}

describe("cosign Verifier and hostile payloads that a trusted key signed", () => {
  const documents: Readonly<Record<ImageSignatureFormat, unknown>> = {
    legacy: firstLayer(signed("legacy")),
    referrers: firstLayer(signed("referrers")),
    bundle: {
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://sigstore.dev/cosign/sign/v1",
      predicate: {},
      subject: [{ digest: { sha256: hexOf(subject) } }],
    },
  };
  for (const format of imageSignatureFormats) {
    it(`verifies of ${format} only what says without doubt that it is a signature of this image`, async () => {
      const verifier = verifierThatNeeds([], alice);
      await fc.assert(
        fc.asyncProperty(hostileDocument(documents[format]), async ({ text, isAmbiguous }) => {
          const result = await judged(verifier, signImage({ key: alice, subject, repository, format, payload: () => Buffer.from(text) }));
          assertFinding(result);
          if (result.outcome === "verified") assert.ok(!isAmbiguous && says[format](JSON.parse(text) as never), text);
        }),
        options,
      );
    });

    it(`answers any bytes of ${format} that were signed with a finding`, async () => {
      await fc.assert(
        fc.asyncProperty(hostileBytes(documents[format]), async (payload) => {
          assertFinding(await judged(verifierOf(alice), signImage({ key: alice, subject, repository, format, payload: () => payload })));
        }),
        { ...options, numRuns: 300 },
      );
    });
  }
});

describe("cosign Verifier and what is around a good signature", () => {
  it("verifies a bundle only while payload, type and signature are those that were signed", async () => {
    const artifact = signed("bundle");
    const genuine = decodeBundle(artifact.blobs.at(-1)?.bytes ?? new Uint8Array());
    assert.ok(genuine.ok && genuine.value.content === "envelope");
    const { payload, payloadType } = genuine.value;
    await fc.assert(
      fc.asyncProperty(hostileDocument(firstLayer(artifact)), async ({ text, isAmbiguous }) => {
        const layers = [toBlob(types.bundle, text)];
        const result = await judged(
          verifierOf(alice),
          toArtifact({ artifactType: types.bundle, config: toBlob(types.empty, "{}"), layers, subject }),
        );
        assertFinding(result);
        if (result.outcome !== "verified") return;
        assert.equal(isAmbiguous, false);
        const { dsseEnvelope } = JSON.parse(text) as { dsseEnvelope: { payload: string; payloadType: string } };
        assert.deepEqual(Buffer.from(dsseEnvelope.payload, "base64"), Buffer.from(payload));
        assert.equal(dsseEnvelope.payloadType, payloadType);
      }),
      options,
    );
  });

  for (const format of imageSignatureFormats) {
    it(`answers whatever a manifest says of a ${format} with a finding, or with the failure of the Store`, async () => {
      const artifact = signed(format);
      const missing = new StoreError({ class: "NotFound", message: "registry.acme.io has no such blob" });
      let verified = 0;
      await fc.assert(
        fc.asyncProperty(hostileDocument(JSON.parse(Buffer.from(artifact.manifest).toString())), async ({ text }) => {
          const manifest = Buffer.from(text);
          if (!parseManifest(manifest).ok) return;
          const input = inputOf({ ...artifact, manifest }, ({ digest }) => {
            const blob = artifact.blobs.find((candidate) => candidate.digest === digest);
            return blob === undefined ? Promise.reject(missing) : Promise.resolve(blob.bytes);
          });
          try {
            const result = await verifierOf(alice).verify(input, never);
            assertFinding(result);
            if (result.outcome === "verified") verified += 1;
          } catch (error) {
            assert.equal(error, missing);
          }
        }),
        options,
      );
      assert.ok(verified > 0, "nothing was verified: what is around a signature has not been looked at");
    });
  }

  it("judges no layer by what the artifact's type says it is, nor the other way round", async () => {
    const type = fc.constantFrom(
      ...Object.values(mediaTypes),
      "application/octet-stream",
      "application/vnd.dev.sigstore.bundle.v0.3+json;x=1",
    );
    const some = fc.array(type, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...imageSignatureFormats), type, some, async (format, artifactType, layerTypes) => {
        const artifact = signed(format);
        const input = inputOf(artifact);
        const [layer] = input.artifact.layers;
        assert.ok(layer !== undefined);
        const layers = layerTypes.map((mediaType) => ({ ...layer, mediaType }));
        const result = await verifierOf(alice).verify({ ...input, artifact: { ...input.artifact, artifactType, layers } }, never);
        assertFinding(result);
        const genuine = format === "bundle" ? mediaTypes.sigstoreBundleV03 : mediaTypes.cosignSimpleSigning;
        if (result.outcome === "verified") assert.ok(layerTypes.includes(genuine));
      }),
      { ...options, numRuns: 300 },
    );
  });
});
