import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeVerifier } from "../../src/api/verifier.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { verifiers } from "../../src/verifier/catalog.ts";
import { createSigningKey, signImage } from "../support/signer.ts";
import { built, judged, repository, subject, trusting, word } from "./fixture.ts";

const alice = createSigningKey("P-256");
const bob = createSigningKey("P-256");

describe("verifiers", () => {
  it("has the types of the schema, no more and no less", () => {
    for (const type of Object.keys(verifiers)) {
      const decoded = decodeVerifier({
        apiVersion: "countersign.dev/v1alpha1",
        kind: "Verifier",
        metadata: { name: "release" },
        spec: { type, [type]: { keyProviderRefs: [{ name: "release-keys" }] } },
      });
      assert.ok(decoded.ok);
      assert.equal(decoded.spec.type, type);
    }
    assert.deepEqual(Object.keys(verifiers), ["cosign"]);
  });
});

describe("buildVerifier()", () => {
  it("gives a signature verifier under the name of its resource", () => {
    const { verifier, problem } = built(new Map([["release-keys", trusting([alice])]]));
    assert.deepEqual([verifier.name, verifier.kind, problem], ["release", "signature", undefined]);
  });

  it("says which KeyProvider does not exist, and trusts the keys of the others", async () => {
    const { verifier, problem } = built(
      new Map([
        ["gone", undefined],
        ["release-keys", trusting([alice])],
      ]),
    );
    assert.equal(problem, "KeyProvider/gone does not exist");
    assert.equal(word(await judged(verifier, signImage({ key: alice, subject, repository, format: "bundle" }))), "verified");
  });

  it("passes on what is wrong with a KeyProvider", () => {
    const { problem } = built(new Map([["release-keys", { keys: () => [], problem: 'key "bob" is not in canonical DER' }]]));
    assert.equal(problem, 'KeyProvider/release-keys: key "bob" is not in canonical DER');
  });

  it("trusts nobody without a key", async () => {
    const { verifier } = built(new Map([["gone", undefined]]));
    for (const format of ["legacy", "bundle"] as const)
      assert.equal(word(await judged(verifier, signImage({ key: alice, subject, repository, format }))), "NoTrustedKey");
  });

  it("names a key that two providers have by the first of them, once", async () => {
    const { verifier } = built(
      new Map([
        ["first", trusting([bob, alice], "first")],
        ["second", trusting([alice], "second")],
      ]),
    );
    const result = await judged(verifier, signImage({ key: [alice, bob], subject, repository, format: "legacy" }));
    assert.ok(result.outcome === "verified");
    assert.deepEqual(result.signers, [
      { id: `key:${alice.fingerprint}`, name: 'KeyProvider/first key "key-1"' },
      { id: `key:${bob.fingerprint}`, name: 'KeyProvider/first key "key-0"' },
    ]);
  });

  const { verifier } = built(new Map([["release-keys", trusting([alice])]]));
  const rows: readonly (readonly [artifactType: string | undefined, canVerify: boolean])[] = [
    [undefined, true],
    ["application/vnd.dev.cosign.artifact.sig.v1+json", true],
    ["application/vnd.dev.sigstore.bundle.v0.3+json", true],
    ["application/vnd.dev.sigstore.bundle+json;version=0.3", true],
    ["application/vnd.dev.sigstore.bundle+json;version=0.1", true],
    ["application/vnd.dev.sigstore.bundle+json;version=0.4", false],
    ["application/vnd.dev.sigstore.bundle.v0.4+json", false],
    ["application/vnd.dev.sigstore.bundle.v0.3+json.evil", false],
    ["application/vnd.cncf.notary.signature", false],
    ["application/spdx+json", false],
    ["application/vnd.oci.image.config.v1+json", false],
    ["", false],
  ];
  for (const [artifactType, canVerify] of rows) {
    it(`${canVerify ? "can" : "cannot"} verify a referrer of type ${artifactType ?? "unknown"}`, () => {
      const referrer: Descriptor = { ...subject, ...(artifactType !== undefined && { artifactType }) };
      assert.equal(verifier.canVerify(referrer), canVerify);
    });
  }
});
