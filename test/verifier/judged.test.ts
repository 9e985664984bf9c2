import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreError } from "../../src/engine/store.ts";
import { attest, createSigningKey, flipField, signImage, type SignedArtifact } from "../support/signer.ts";
import { fetchFrom, inputOf, judged, never, otherSubject, repository, subject, verifierOf, word } from "./fixture.ts";

const alice = createSigningKey("P-256");
const bob = createSigningKey("P-384");
const mallory = createSigningKey("P-256");
const both = { key: [alice, bob], subject, repository } as const;
const sign = "https://sigstore.dev/cosign/sign/v1";
const one = { key: alice, subject, repository } as const;

describe("cosign Verifier tells a signature from what is merely signed", () => {
  const vulnerable = { scanner: { result: "FAILED" } };
  const rows: readonly (readonly [what: string, artifact: SignedArtifact, reason: string])[] = [
    ["a scan report as a bundle", attest({ key: alice, subject, predicate: vulnerable }), "NotASignature"],
    ["a scan report under the tag .att", attest({ key: alice, subject, predicate: vulnerable, format: "legacy" }), "NotASignature"],
    ["provenance", attest({ key: alice, subject, predicateType: "https://slsa.dev/provenance/v1" }), "NotASignature"],
    ["a predicate type that begins as the signature's", attest({ key: alice, subject, predicateType: `${sign}/x` }), "NotASignature"],
    ["a bundle of another payload type", signImage({ ...one, format: "bundle", payloadType: "text/plain" }), "NotASignature"],
    ["a legacy payload of another type", legacyOfType("atomic container signature"), "NotASignature"],
    ["a legacy payload whose type is a list", legacyOfType(["cosign container image signature"]), "Malformed"],
    ["a layer without the annotation", withoutSignature(), "NotASignature"],
    ["an artifact without layers", withLayers([]), "NotASignature"],
  ];
  for (const [what, artifact, reason] of rows) {
    it(`rejects ${what}: ${reason}`, async () => assert.equal(word(await judged(verifierOf(alice), artifact)), reason));
  }

  it("judges an attestation by what is signed when its annotation says that it is a signature", async () => {
    const report = attest({ key: alice, subject });
    const input = inputOf(report);
    const annotations = new Map([["dev.sigstore.bundle.predicateType", sign]]);
    const result = await verifierOf(alice).verify({ ...input, artifact: { ...input.artifact, annotations } }, never);
    assert.equal(word(result), "NotASignature");
  });

  it("does not read the bundle of what says that it is an attestation", async () => {
    const input = inputOf(attest({ key: alice, subject }), () => assert.fail("nothing is to be read"));
    assert.equal(word(await verifierOf(alice).verify(input, never)), "NotASignature");
  });
});

describe("cosign Verifier with several signatures", () => {
  for (const format of ["legacy", "referrers", "bundle"] as const) {
    it(`names every signer of a ${format} once`, async () => {
      const result = await judged(verifierOf(alice, bob), signImage({ ...both, key: [alice, bob, alice], format }));
      assert.ok(result.outcome === "verified");
      assert.deepEqual(
        result.signers.map(({ id }) => id),
        [`key:${alice.fingerprint}`, `key:${bob.fingerprint}`],
      );
    });

    for (const damaged of [0, 1]) {
      it(`counts the good one of a ${format} whose signature ${damaged} is damaged`, async () => {
        const alter = (signed: Parameters<ReturnType<typeof flipField>>[0], at: number): typeof signed =>
          at === damaged ? flipField("signature")(signed) : signed;
        const result = await judged(verifierOf(alice, bob), signImage({ ...both, format, alter }));
        assert.ok(result.outcome === "verified");
        assert.deepEqual(
          result.signers.map(({ id }) => id),
          [`key:${(damaged === 0 ? bob : alice).fingerprint}`],
        );
      });
    }

    it(`rejects a ${format} that others than the trusted signed`, async () => {
      assert.equal(word(await judged(verifierOf(mallory), signImage({ ...both, format }))), "NoTrustedKey");
    });
  }

  it("does not lend the signature of one layer to another", async () => {
    const theirs = signImage({ ...one, subject: otherSubject, format: "legacy" });
    const ours = signImage({ ...one, key: mallory, format: "legacy" });
    const [, payload] = ours.blobs;
    const [, stolen] = theirs.blobs;
    assert.ok(payload !== undefined && stolen?.annotations !== undefined);
    const input = inputOf(ours);
    const annotations = new Map(Object.entries(stolen.annotations));
    const layers = input.artifact.layers.map((layer) => ({ ...layer, annotations }));
    assert.equal(word(await verifierOf(alice).verify({ ...input, artifact: { ...input.artifact, layers } }, never)), "NoTrustedKey");
  });

  it("is inconclusive about more signatures than it looks at, unless one of them counts", async () => {
    const crowd = Array.from({ length: 65 }, () => mallory);
    const cut = await judged(verifierOf(alice), signImage({ ...both, key: crowd, format: "legacy" }));
    assert.equal(cut.outcome, "inconclusive");
    const counted = await judged(verifierOf(alice), signImage({ ...both, key: [alice, ...crowd], format: "legacy" }));
    assert.equal(counted.outcome, "verified");
  });

  for (const format of ["legacy", "bundle"] as const) {
    it(`looks at fewer signatures of a ${format} the more keys are trusted`, async () => {
      const many = Array.from({ length: 1024 }, (_, at) => ({ ...mallory, fingerprint: `sha256:${at}` }));
      const result = await judged(verifierOf(...many), signImage({ ...both, key: [alice, bob, alice], format }));
      assert.ok(result.outcome === "inconclusive");
      assert.equal(result.cause, "The artifact has more than 2 signatures");
    });
  }
});

describe("cosign Verifier when a layer cannot be read", () => {
  const failure = new StoreError({ class: "ServerError", message: "registry.acme.io answered 503" });
  for (const format of ["legacy", "referrers", "bundle"] as const) {
    it(`throws the StoreError of a ${format}: it could not find out`, async () => {
      const input = inputOf(signImage({ ...one, format }), () => Promise.reject(failure));
      await assert.rejects(verifierOf(alice).verify(input, never), failure);
    });
  }

  it("counts the layer that can be read", async () => {
    const rest = signImage({ ...one, format: "legacy", payload: (document) => ({ ...document, optional: { at: 1 } }) });
    const input = inputOf(rest);
    const missing = {
      ...input.artifact.layers[0],
      mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
      digest: otherSubject.digest,
    };
    const layers = [{ ...missing, size: 10 }, ...input.artifact.layers];
    const read = fetchFrom(rest.blobs);
    const fetch = (layer: (typeof layers)[number]): Promise<Uint8Array> =>
      layer.digest === otherSubject.digest ? Promise.reject(failure) : read(layer, never);
    const result = await verifierOf(alice).verify({ ...input, artifact: { ...input.artifact, layers }, fetch }, never);
    assert.equal(result.outcome, "verified");
    await assert.rejects(verifierOf(bob).verify({ ...input, artifact: { ...input.artifact, layers }, fetch }, never), failure);
  });

  it("reads what two people signed once", async () => {
    const artifact = signImage({ ...both, format: "legacy" });
    const read = fetchFrom(artifact.blobs);
    let reads = 0;
    const input = inputOf(artifact, (layer, signal) => {
      reads += 1;
      return read(layer, signal);
    });
    await verifierOf(alice, bob).verify(input, never);
    assert.equal(reads, 1);
  });

  it("rejects with the signal's reason when it is stopped", async () => {
    const reason = new DOMException("The verdict can no longer change", "AbortError");
    await assert.rejects(verifierOf(alice).verify(inputOf(signImage({ ...one, format: "legacy" })), AbortSignal.abort(reason)), reason);
  });
});

function legacyOfType(type: unknown): SignedArtifact {
  const payload = (document: object): unknown => ({ ...document, critical: { ...criticalOf(document), type } });
  return signImage({ ...one, format: "legacy", payload });
}

function criticalOf(document: object): object {
  return "critical" in document && typeof document.critical === "object" && document.critical !== null ? document.critical : {};
}

function withLayers(layers: readonly object[]): SignedArtifact {
  const artifact = signImage({ ...one, format: "legacy" });
  const document = { ...(JSON.parse(Buffer.from(artifact.manifest).toString()) as object), layers };
  return { ...artifact, manifest: Buffer.from(JSON.stringify(document)) };
}

function withoutSignature(): SignedArtifact {
  const [, layer] = signImage({ ...one, format: "legacy" }).blobs;
  assert.ok(layer !== undefined);
  return withLayers([{ mediaType: layer.mediaType, digest: layer.digest, size: layer.size }]);
}
