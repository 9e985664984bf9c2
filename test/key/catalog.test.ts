import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeKeyProvider } from "../../src/api/key-provider.ts";
import { buildKeyProvider, keyProviders } from "../../src/key/catalog.ts";
import { createSigningKey } from "../support/signer.ts";
import { keyDeps } from "./fixture.ts";

const alice = createSigningKey("P-256");
const bob = createSigningKey("Ed25519");
const entries = [{ name: "alice", key: "alice.pub" }];
const sample: Readonly<Record<string, unknown>> = {
  inline: { keys: [{ name: "alice", publicKey: alice.publicKeyPem }] },
  kubernetesSecret: { secretRef: { name: "cosign" }, keys: entries },
  configMap: { configMapRef: { name: "cosign" }, keys: entries },
};

describe("keyProviders", () => {
  it("has the types of the schema, no more and no less", () => {
    for (const type of Object.keys(keyProviders)) {
      const decoded = decodeKeyProvider({
        apiVersion: "countersign.dev/v1alpha1",
        kind: "KeyProvider",
        metadata: { name: "release-keys" },
        spec: { type, [type]: sample[type] },
      });
      assert.ok(decoded.ok);
      assert.equal(decoded.spec.type, type);
    }
    assert.deepEqual(Object.keys(keyProviders), ["inline", "kubernetesSecret", "configMap"]);
  });
});

describe("buildKeyProvider()", () => {
  it("gives the keys of an inline provider in their order", () => {
    const provider = buildKeyProvider(
      {
        type: "inline",
        config: {
          keys: [
            { name: "alice", publicKey: alice.publicKeyPem },
            { name: "bob", publicKey: bob.publicKeyPem },
          ],
        },
      },
      keyDeps(),
    );
    assert.equal(provider.problem, undefined);
    assert.deepEqual(
      provider.keys().map(({ key, ...rest }) => [rest, key.asymmetricKeyType]),
      [
        [{ name: "alice", provider: "release-keys", fingerprint: alice.fingerprint, algorithm: "ECDSA P-256" }, "ec"],
        [{ name: "bob", provider: "release-keys", fingerprint: bob.fingerprint, algorithm: "Ed25519" }, "ed25519"],
      ],
    );
  });

  const rows: readonly (readonly [what: string, broken: readonly string[], problem: string])[] = [
    ["one key", ["bob"], 'key "bob" is not one PEM block "PUBLIC KEY"'],
    ["two keys", ["bob", "carol"], 'key "bob" is not one PEM block "PUBLIC KEY" (and 1 more)'],
  ];
  for (const [what, broken, problem] of rows) {
    it(`names the first problem of ${what} that cannot be used, and keeps the others`, () => {
      const keys = [{ name: "alice", publicKey: alice.publicKeyPem }, ...broken.map((name) => ({ name, publicKey: "s3cret" }))];
      const provider = buildKeyProvider({ type: "inline", config: { keys } }, keyDeps());
      assert.deepEqual([provider.problem, provider.keys().map(({ name }) => name)], [problem, ["alice"]]);
    });
  }
});
