import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeKeyProvider } from "../../src/api/key-provider.ts";
import { decodeVerifier } from "../../src/api/verifier.ts";
import { accepted, object, publicKey, refusals } from "./objects.ts";

describe("decodeVerifier()", () => {
  it("decodes references to names", () => {
    assert.deepEqual(decodeVerifier(object("Verifier", accepted.Verifier["cosign"])), {
      ok: true,
      spec: { type: "cosign", config: { keyProviderRefs: ["release", "nightly"] } },
    });
  });
  it("refuses a Verifier that trusts nobody", () => {
    assert.deepEqual(refusals("Verifier", { type: "cosign" }), ['spec.cosign: Required value: type is "cosign"']);
    assert.deepEqual(refusals("Verifier", { type: "cosign", cosign: { keyProviderRefs: [] } }), [
      "spec.cosign.keyProviderRefs: spec.cosign.keyProviderRefs in body should have at least 1 items",
    ]);
  });
});

describe("decodeKeyProvider()", () => {
  it("decodes inline keys", () => {
    assert.deepEqual(decodeKeyProvider(object("KeyProvider", accepted.KeyProvider["inline"])), {
      ok: true,
      spec: { type: "inline", config: { keys: [{ name: "release", publicKey }] } },
    });
  });

  const inline = (...keys: readonly unknown[]): object => ({ type: "inline", inline: { keys } });
  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    [
      "a key that is not PEM",
      inline({ name: "a", publicKey: "MFkw" }),
      ['spec.inline.keys[0].publicKey: must be one PEM block "PUBLIC KEY"'],
    ],
    [
      "two blocks in one field",
      inline({ name: "a", publicKey: publicKey + publicKey }),
      ['spec.inline.keys[0].publicKey: must be one PEM block "PUBLIC KEY"'],
    ],
    [
      "a private key, without repeating it",
      inline({ name: "a", publicKey: "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n" }),
      ["spec.inline.keys[0].publicKey: is a private key: take it out, make a new one, and write the public key here"],
    ],
    [
      "two keys of one name",
      inline({ name: "a", publicKey }, { name: "a", publicKey }),
      ['spec.inline.keys[1]: Duplicate value: {"name":"a"}'],
    ],
    ["no keys", inline(), ["spec.inline.keys: spec.inline.keys in body should have at least 1 items"]],
    ["a key without a name", inline({ publicKey }), ["spec.inline.keys[0].name: Required value"]],
    [
      "a name of 64 characters",
      inline({ name: "a".repeat(64), publicKey }),
      ["spec.inline.keys[0].name: Too long: may not be more than 63 bytes"],
    ],
  ];
  for (const [name, spec, said] of refused) it(`refuses ${name}`, () => assert.deepEqual(refusals("KeyProvider", spec), said));
});
