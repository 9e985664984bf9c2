import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildKeyProvider } from "../../src/key/catalog.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { Compiler, type DirtyKey } from "../../src/snapshot/compiler.ts";
import type { Factories } from "../../src/snapshot/factories.ts";
import { buildVerifier } from "../../src/verifier/catalog.ts";
import { object } from "../api/objects.ts";
import { createSigningKey } from "../support/signer.ts";
import { CountingFactories, cosign } from "./fixture.ts";

const alice = createSigningKey("P-256").publicKeyPem;
const bob = createSigningKey("P-256").publicKeyPem;
const none = new CountingFactories();
/** Keys and verifiers as they are in earnest. */
const factories: Factories = {
  authProvider: (spec, context) => none.authProvider(spec, context),
  store: (spec, context) => none.store(spec, context),
  keyProvider: buildKeyProvider,
  verifier: buildVerifier,
  expression: () => ({ ok: true }),
};

const types = {
  Secret: (keys: readonly string[]): object => ({
    type: "kubernetesSecret",
    kubernetesSecret: { secretRef: { name: "signing" }, keys: keys.map((name) => ({ name, key: `${name}.pub` })) },
  }),
  ConfigMap: (keys: readonly string[]): object => ({
    type: "configMap",
    configMap: { configMapRef: { name: "signing" }, keys: keys.map((name) => ({ name, key: `${name}.pub` })) },
  }),
} as const;
type MaterialKind = keyof typeof types;

/** One KeyProvider that reads `kind`/signing, and one Verifier that trusts it. */
class Cluster {
  readonly kind: MaterialKind;
  readonly #compiler = new Compiler(factories);
  readonly #objects = new Map<string, unknown>();
  #version = 0;
  constructor(kind: MaterialKind) {
    this.kind = kind;
    this.set("Verifier/release", { ...object("Verifier", cosign("keys"), "release") }, "uid-verifier", 1);
    this.spec(["alice"]);
  }
  /** The keys that the spec names, each under `<name>.pub`. */
  spec(keys: readonly string[], generation = 1): Snapshot {
    return this.set("KeyProvider/keys", object("KeyProvider", types[this.kind](keys), "keys"), "uid-keys", generation);
  }
  write(data: Readonly<Record<string, string>>, uid = "uid-1"): Snapshot {
    const encoded = Object.entries(data).map(([key, text]) => [key, this.kind === "Secret" ? Buffer.from(text).toString("base64") : text]);
    return this.set(`${this.kind}/signing`, { kind: this.kind, data: Object.fromEntries(encoded) as object }, uid);
  }
  set(key: DirtyKey, content: object, uid: string, generation = 1): Snapshot {
    this.#version += 1;
    const name = key.slice(key.indexOf("/") + 1);
    this.#objects.set(key, { ...content, metadata: { name, uid, generation, resourceVersion: String(this.#version) } });
    return this.compile(key);
  }
  remove(): Snapshot {
    this.#objects.delete(`${this.kind}/signing`);
    return this.compile(`${this.kind}/signing`);
  }
  compile(key: DirtyKey): Snapshot {
    return this.#compiler.compile([key], (kind, name) => this.#objects.get(`${kind}/${name}`));
  }
}

/** Names of the keys that are given, and what the Verifier says of them. */
function trusted(snapshot: Snapshot): readonly [keys: readonly string[], problem: string | undefined] {
  const provider = snapshot.keyProviders.get("keys")?.keyProvider;
  return [provider?.keys().map(({ name }) => name) ?? [], snapshot.verifiers.get("release")?.problem];
}

for (const kind of ["Secret", "ConfigMap"] as const) {
  describe(`Compiler and a KeyProvider that reads a ${kind}`, () => {
    it("wakes it and the Verifiers that name it when the object appears, changes and goes", () => {
      const cluster = new Cluster(kind);
      const missing = `KeyProvider/keys: ${kind}/signing does not exist`;
      const [before, appeared, changed] = [cluster.remove(), cluster.write({ "alice.pub": alice }), cluster.write({ "alice.pub": bob })];
      assert.deepEqual(
        [trusted(before), trusted(appeared), trusted(changed)],
        [
          [[], missing],
          [["alice"], undefined],
          [["alice"], undefined],
        ],
      );
      const fingerprints = [appeared, changed].map((snapshot) => snapshot.keyProviders.get("keys")?.keyProvider?.keys()[0]?.fingerprint);
      assert.notEqual(fingerprints[0], fingerprints[1]);
      const revisions = [before, appeared, changed].map((snapshot) => snapshot.verifiers.get("release")?.revision);
      assert.equal(new Set(revisions).size, 3);
      assert.notEqual(appeared.verifiers.get("release")?.verifier, changed.verifiers.get("release")?.verifier);
      assert.deepEqual(trusted(cluster.remove()), [[], missing]);
    });

    it("keeps the last good keys, and Verifiers ready, while the object is broken", () => {
      const cluster = new Cluster(kind);
      cluster.write({ "alice.pub": alice });
      const broken = cluster.write({ "alice.pub": "" });
      assert.deepEqual(trusted(broken), [["alice"], undefined]);
      assert.match(broken.keyProviders.get("keys")?.keyProvider?.stale ?? "", /^The keys of version \d+ stay in use: since version \d+ /);
    });

    const revoking: readonly (readonly [what: string, act: (cluster: Cluster) => Snapshot])[] = [
      ["the object is gone", (cluster) => cluster.remove()],
      ["the object was made anew between two looks", (cluster) => cluster.write({ "alice.pub": "" }, "uid-2")],
      ["the spec is another", (cluster) => cluster.spec(["alice", "bob"], 2)],
      ["the spec is another and then the same again", (cluster) => (cluster.spec(["alice", "bob"], 2), cluster.spec(["alice"], 3))],
    ];
    for (const [what, act] of revoking) {
      it(`keeps nothing when ${what}`, () => {
        const cluster = new Cluster(kind);
        cluster.write({ "alice.pub": alice });
        cluster.write({ "alice.pub": "" });
        const [keys, problem] = trusted(act(cluster));
        assert.deepEqual([keys, problem === undefined], [[], false]);
      });
    }

    it("builds nothing anew for our own write of a status", () => {
      const cluster = new Cluster(kind);
      const before = cluster.write({ "alice.pub": alice });
      const after = cluster.spec(["alice"]);
      assert.equal(after.keyProviders.get("keys")?.keyProvider, before.keyProviders.get("keys")?.keyProvider);
      assert.equal(after.revision, before.revision);
    });
  });
}

describe("Compiler and cosign's own Secret", () => {
  it("never looks at the private key and its password", () => {
    const guarded = ["cosign.key", "cosign.password"].reduce<object>(
      (data, key) => Object.defineProperty(data, key, { enumerable: true, get: () => assert.fail(`${key} was looked at`) }),
      { "alice.pub": Buffer.from(alice).toString("base64") },
    );
    const cluster = new Cluster("Secret");
    const snapshot = cluster.set("Secret/signing", { kind: "Secret", data: guarded }, "uid-1");
    assert.deepEqual(trusted(snapshot), [["alice"], undefined]);
  });
});
