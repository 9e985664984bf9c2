import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { AuthProviderStatus } from "../../src/api/status.ts";
import { type StatusContext, statusOf, uidOf } from "../../src/operator/status-of.ts";
import type { CompiledStore, Snapshot } from "../../src/snapshot/compiled.ts";
import type { TrustedKey } from "../../src/trust/ports.ts";
import { anonymous, cosign, fromSecret, inline, refs, registry, World } from "../snapshot/fixture.ts";

const contextOf = (snapshot: Snapshot): StatusContext => ({
  snapshot,
  health: () => undefined,
  now: Date.UTC(2026, 0, 31),
  standing: undefined,
});
function authProviderStatus(snapshot: Snapshot, name: string): AuthProviderStatus {
  const status = statusOf({ kind: "AuthProvider", name }, contextOf(snapshot));
  assert.ok(status !== undefined);
  return status;
}
const conditionOf = (
  status: { readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[] | undefined },
  type: string,
) => {
  const found = status.conditions?.find((condition) => condition.type === type);
  return found === undefined ? undefined : `${found.status}/${found.reason}: ${found.message}`;
};

test("statusOf() counts the Stores whose view holds an AuthProvider", () => {
  const world = new World();
  world.put("AuthProvider", "a", anonymous("a.io"));
  world.put("AuthProvider", "b", anonymous("b.io"));
  world.put("Store", "all", registry(["*"]));
  world.put("Store", "all-too", registry(["a.io"], { registry: { unmatched: "Deny" } }));
  world.put("Store", "only-a", registry(["a.io"], refs("a")));
  world.put("Store", "none", registry(["a.io"], refs("missing")));
  const snapshot = world.compile();
  assert.deepEqual(
    ["a", "b"].map((name) => authProviderStatus(snapshot, name).boundStores),
    [3, 2],
  );
});

test("statusOf() shows a pattern's conflict on both sides", () => {
  const world = new World();
  world.put("AuthProvider", "older", anonymous("a.io", "b.io"));
  world.put("AuthProvider", "younger", anonymous("a.io"));
  world.put("Store", "all", registry(["*"]));
  const snapshot = world.compile();
  assert.equal(
    conditionOf(authProviderStatus(snapshot, "older"), "Accepted"),
    'True/PatternConflict: Pattern "a.io" is also claimed by AuthProvider/younger, which does not get it',
  );
  assert.equal(
    conditionOf(authProviderStatus(snapshot, "younger"), "Accepted"),
    'False/PatternConflict: Pattern "a.io" belongs to the older AuthProvider/older',
  );
});

test("statusOf() looks at each Store of a snapshot once, however many AuthProviders are asked about", () => {
  const world = new World();
  for (let at = 0; at < 20; at += 1) world.put("AuthProvider", `p${at}`, anonymous(`p${at}.io`));
  for (let at = 0; at < 30; at += 1) world.put("Store", `s${at}`, registry([`s${at}.io`]));
  const compiled = world.compile();
  let looks = 0;
  const counting = new Map(
    [...compiled.stores].map(([name, store]): [string, CompiledStore] => [
      name,
      Object.defineProperty({ ...store }, "view", {
        get: () => {
          looks += 1;
          return store.view;
        },
      }),
    ]),
  );
  const snapshot: Snapshot = { ...compiled, stores: counting };
  for (let at = 0; at < 20; at += 1) assert.equal(authProviderStatus(snapshot, `p${at}`).boundStores, 30);
  assert.ok(looks <= 2 * 30, `${looks} looks at 30 Stores`);
});

test("statusOf() names the Secret in use by uid and version", () => {
  const world = new World();
  world.put("AuthProvider", "a", fromSecret("pull", "a.io"));
  assert.equal(authProviderStatus(world.compile(), "a").credentialRevision, undefined);
  world.putMaterial("Secret", "pull");
  assert.equal(authProviderStatus(world.compile(), "a").credentialRevision, "uid-2/2");
});

test("statusOf() of a Verifier whose KeyProvider is missing says which", () => {
  const world = new World();
  world.put("Verifier", "v", cosign("gone"));
  const status = statusOf({ kind: "Verifier", name: "v" }, contextOf(world.compile()));
  assert.equal(conditionOf(status ?? {}, "TrustResolved"), "False/DependencyNotReady: KeyProvider/gone does not exist");
});

test("statusOf() of a Verifier counts the keys of the KeyProviders of its own namespace, whatever the cluster's of these names have", () => {
  const world = new World();
  const { publicKey } = generateKeyPairSync("ed25519");
  world.put("NamespacedKeyProvider", "team-a/k", inline);
  world.put("NamespacedVerifier", "team-a/v", cosign("k"));
  world.put("Verifier", "v", cosign("k"));
  const key: TrustedKey = { name: "k", provider: "k", key: publicKey, fingerprint: "sha256:0", algorithm: "Ed25519" };
  const compiled = world.compile();
  const withKey = [...compiled.keyProviders].map(([id, entry]) => [id, { ...entry, keyProvider: { keys: () => [key] } }] as const);
  const context = contextOf({ ...compiled, keyProviders: new Map(withKey) });
  const keysOf = (name: string): unknown => (statusOf({ kind: "Verifier", name }, context) as { readonly keys?: number } | undefined)?.keys;
  assert.deepEqual([keysOf("team-a/v"), keysOf("v")], [1, 0]);
});

test("statusOf() and uidOf() know nothing of what the snapshot does not hold", () => {
  const world = new World();
  world.put("KeyProvider", "k", inline);
  const snapshot = world.compile();
  assert.equal(uidOf({ kind: "KeyProvider", name: "k" }, snapshot), "uid-1");
  for (const kind of ["Store", "AuthProvider", "Verifier", "KeyProvider"] as const) {
    assert.equal(statusOf({ kind, name: "x" }, contextOf(snapshot)), undefined);
    assert.equal(uidOf({ kind, name: "x" }, snapshot), undefined);
  }
});
