import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildKeyProvider } from "../../src/key/catalog.ts";
import type { KeyProvider } from "../../src/trust/ports.ts";
import { createSigningKey } from "../support/signer.ts";
import { keyDeps, type Objects } from "./fixture.ts";

const alice = createSigningKey("P-256");
const bob = createSigningKey("RSA-2048");
const keys = [
  { name: "alice", key: "cosign.pub" },
  { name: "bob", key: "bob.pub" },
];
const types = {
  kubernetesSecret: {
    kind: "Secret",
    build: (objects: Objects, previous?: KeyProvider) =>
      buildKeyProvider(
        { type: "kubernetesSecret", config: { secretRef: { name: "signing" }, keys } },
        keyDeps({ objects, ...(previous !== undefined && { previous }) }),
      ),
  },
  configMap: {
    kind: "ConfigMap",
    build: (objects: Objects, previous?: KeyProvider) =>
      buildKeyProvider(
        { type: "configMap", config: { configMapRef: { name: "signing" }, keys } },
        keyDeps({ objects, ...(previous !== undefined && { previous }) }),
      ),
  },
} as const;
const good = { version: "7", data: { "cosign.pub": alice.publicKeyPem, "bob.pub": bob.publicKeyPem } };
const broken = { version: "9", data: { "cosign.pub": alice.publicKeyPem } };

for (const [type, { kind, build }] of Object.entries(types)) {
  describe(`a KeyProvider of type ${type}`, () => {
    const object = `${kind}/signing`;
    it(`gives the keys of its ${kind}, named by the spec`, () => {
      const provider = build({ [object]: good });
      assert.deepEqual([provider.problem, provider.stale], [undefined, undefined]);
      assert.deepEqual(
        provider.keys().map(({ name, fingerprint, algorithm }) => [name, fingerprint, algorithm]),
        [
          ["alice", alice.fingerprint, "ECDSA P-256"],
          ["bob", bob.fingerprint, "RSA 2048"],
        ],
      );
    });

    it(`has a problem while there is no such ${kind}`, () => {
      const provider = build({ [object === "Secret/signing" ? "ConfigMap/signing" : "Secret/signing"]: good });
      assert.deepEqual([provider.keys(), provider.problem, provider.isMissing], [[], `${object} does not exist`, true]);
    });

    it("trusts no key of a version that is broken, while none was good before", () => {
      const provider = build({ [object]: broken });
      assert.deepEqual([provider.keys(), provider.problem], [[], `${object} has no data key "bob.pub"`]);
    });

    it("keeps the last good keys and says so, until the object is gone", () => {
      const before = build({ [object]: good });
      const stale = build({ [object]: broken }, before);
      assert.deepEqual([stale.keys(), stale.problem], [before.keys(), undefined]);
      assert.equal(stale.stale, `The keys of version 7 stay in use: since version 9 ${object} has no data key "bob.pub"`);
      assert.deepEqual(build({}, stale).keys(), []);
    });
  });
}

describe("a KeyProvider of type kubernetesSecret and cosign's own Secret", () => {
  const privatePem = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nczNjcjN0\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
  const data = { "cosign.key": privatePem, "cosign.password": "hunter2", "cosign.pub": alice.publicKeyPem };
  const of = (key: string): KeyProvider =>
    buildKeyProvider(
      { type: "kubernetesSecret", config: { secretRef: { name: "signing" }, keys: [{ name: "alice", key }] } },
      keyDeps({ objects: { "Secret/signing": { version: "1", data } } }),
    );

  it("trusts its public key", () => assert.deepEqual([of("cosign.pub").problem, of("cosign.pub").keys().length], [undefined, 1]));
  it("refuses its private key and shows nothing of it", () => {
    const said = 'data key "cosign.key" of Secret/signing is a private key: take it out, make a new pair, and put the public key there';
    assert.deepEqual([of("cosign.key").problem, of("cosign.key").keys()], [said, []]);
  });
  it("refuses its password and shows nothing of it", () => {
    const said = 'data key "cosign.password" of Secret/signing is not one PEM block "PUBLIC KEY"';
    assert.deepEqual([of("cosign.password").problem, of("cosign.password").keys()], [said, []]);
  });
});
