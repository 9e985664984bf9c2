import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  createSigningKey,
  flipField,
  type ImageSignatureFormat,
  imageSignatureFormats,
  type Scheme,
  signedFields,
  signImage,
  type SigningKey,
  type SigningKeyType,
  signingKeyTypes,
} from "../support/signer.ts";
import { judged, otherSubject, repository, subject, toDigest, verifierOf, word } from "./fixture.ts";

const keys = new Map<SigningKeyType, SigningKey>();
function keyOf(type: SigningKeyType): SigningKey {
  const key = keys.get(type);
  assert.ok(key !== undefined);
  return key;
}
before(() => {
  for (const type of signingKeyTypes) keys.set(type, createSigningKey(type));
});

describe("cosign Verifier, by type of key and format", () => {
  for (const type of signingKeyTypes) {
    for (const format of imageSignatureFormats) {
      it(`verifies what ${type} signed as ${format}, and names the signer`, async () => {
        const key = keyOf(type);
        const artifact = signImage({ key, subject, repository, format });
        assert.deepEqual(await judged(verifierOf(key), artifact), {
          outcome: "verified",
          verifier: "release",
          artifact: toDigest(artifact.digest),
          signers: [{ id: `key:${key.fingerprint}`, name: 'KeyProvider/release-keys key "key-0"' }],
        });
      });

      it(`rejects what ${type} signed as ${format} when only other keys are trusted`, async () => {
        const others = signingKeyTypes.map((other) =>
          other === type ? createSigningKey(other === "RSA-2048" ? "P-256" : other) : keyOf(other),
        );
        const result = await judged(verifierOf(...others), signImage({ key: keyOf(type), subject, repository, format }));
        assert.equal(word(result), "NoTrustedKey");
      });

      it(`rejects what ${type} signed as ${format} of another image`, async () => {
        const other = { ...signImage({ key: keyOf(type), subject: otherSubject, repository, format }) };
        assert.equal(word(await judged(verifierOf(keyOf(type)), other)), "WrongSubject");
      });

      for (const field of signedFields[format]) {
        it(`rejects what ${type} signed as ${format} when a bit of ${field} is flipped`, async () => {
          const artifact = signImage({ key: keyOf(type), subject, repository, format, alter: flipField(field) });
          const result = await judged(verifierOf(...keys.values()), artifact);
          assert.equal(word(result), expected(format, field));
        });
      }
    }
  }
});

/** Content is judged before signatures are computed. */
function expected(format: ImageSignatureFormat, field: string): string {
  const reasons: Readonly<Record<string, string>> = {
    "critical.type": "NotASignature",
    "critical.image.docker-manifest-digest": "WrongSubject",
    payloadType: "NotASignature",
    predicateType: "NotASignature",
    _type: "Malformed",
    "subject.0.digest.sha256": "WrongSubject",
    signature: format === "bundle" ? "BadSignature" : "NoTrustedKey",
  };
  return reasons[field] ?? "NoTrustedKey";
}

describe("cosign Verifier, by scheme", () => {
  const rows: readonly (readonly [type: SigningKeyType, scheme: Scheme, outcome: string])[] = [
    ["P-256", { hash: "sha384" }, "verified"],
    ["P-256", { hash: "sha512" }, "verified"],
    ["P-384", { hash: "sha256" }, "verified"],
    ["P-384", { hash: "sha512" }, "verified"],
    ["P-521", { hash: "sha256" }, "verified"],
    ["P-521", { hash: "sha384" }, "verified"],
    ["RSA-2048", { hash: "sha384" }, "verified"],
    ["RSA-2048", { hash: "sha512" }, "verified"],
    ["RSA-2048", { pss: true }, "verified"],
    ["RSA-2048", { pss: true, hash: "sha384" }, "verified"],
    ["RSA-2048", { pss: true, hash: "sha512" }, "verified"],
    ["Ed25519", { pure: true }, "verified"],
    ["P-256", { hash: "sha1" }, "NoTrustedKey"],
    ["P-256", { hash: "sha224" }, "NoTrustedKey"],
    ["P-384", { hash: "sha1" }, "NoTrustedKey"],
    ["RSA-2048", { hash: "sha1" }, "NoTrustedKey"],
    ["RSA-2048", { hash: "sha224", pss: true }, "NoTrustedKey"],
  ];
  for (const [type, scheme, outcome] of rows) {
    it(`${outcome === "verified" ? "verifies" : "rejects"} ${type} with ${JSON.stringify(scheme)}`, async () => {
      const key = keyOf(type);
      assert.equal(word(await judged(verifierOf(key), signImage({ key, subject, repository, scheme, format: "legacy" }))), outcome);
    });
  }
});
