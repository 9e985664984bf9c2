import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { anonymous, cosign, fromSecret, inline, policy, refs, registry, repositoryOf, World } from "./fixture.ts";

const image = repositoryOf("a.io/team/app");
const team = { name: "team-a", labels: {} };

/** A cluster that wants a signature by `release`, read with a credential that namespace team-a may use too. */
function cluster(): World {
  const world = new World();
  world.putMaterial("Secret", "pull");
  world.putMaterial("Secret", "shared");
  world.put("AuthProvider", "own", fromSecret("pull", "a.io"));
  world.put("AuthProvider", "shared", { ...fromSecret("shared", "b.io"), allowedNamespaces: ["team-a"] });
  world.put("Store", "store", registry(["*"]));
  world.put("KeyProvider", "keys", inline);
  world.put("Verifier", "release", cosign("keys"));
  world.put("Policy", "signed", policy(["a.io"], ["release"]));
  return world;
}

/** What the Store of a namespace would send to a registry, and who says so. */
function answer(snapshot: Snapshot, store: string, host: string): string {
  const keychain = snapshot.stores.get(store)?.keychain;
  assert.ok(keychain !== undefined, store);
  const selection = keychain.select(repositoryOf(`${host}/app`));
  switch (selection.outcome) {
    case "Selected":
      return selection.provider;
    case "CredentialUnavailable":
    case "PatternConflict":
      return `${selection.reason} of ${selection.provider ?? "nobody"}: ${selection.message}`;
    default:
      return selection.outcome;
  }
}

describe("the Store of a namespace", () => {
  it("sees no AuthProvider of the cluster but those that list its namespace, and every one of its namespace", () => {
    const world = cluster();
    world.put("NamespacedStore", "team-a/s", registry(["*"]));
    world.put("NamespacedStore", "team-b/s", registry(["*"]));
    world.put("NamespacedAuthProvider", "team-a/own", anonymous("c.io"));
    const snapshot = world.compile();
    const answers = (store: string): readonly string[] => ["a.io", "b.io", "c.io"].map((host) => answer(snapshot, store, host));
    assert.deepEqual(answers("team-a/s"), ["Anonymous", "shared", "team-a/own"]);
    assert.deepEqual(answers("team-b/s"), ["Anonymous", "Anonymous", "Anonymous"]);
    assert.deepEqual(answers("store"), ["own", "shared", "Anonymous"]);
  });

  it("gets nothing from an AuthProvider of the cluster that it names and that does not list its namespace", async () => {
    const world = cluster();
    world.put("NamespacedAuthProvider", "team-b/own", anonymous("a.io"));
    for (const name of ["own", "shared", "gone"])
      world.put("NamespacedStore", `team-b/${name}`, registry(["*"], refs(`AuthProvider/${name}`)));
    const snapshot = world.compile();
    for (const name of ["own", "shared", "gone"]) {
      assert.equal(
        answer(snapshot, `team-b/${name}`, "a.io"),
        `ProviderNotFound of nobody: AuthProvider/${name} does not exist, or does not list namespace team-b in allowedNamespaces, and no other that the Store names matches a.io`,
      );
      const refused = snapshot.stores.get(`team-b/${name}`)?.keychain.resolve(image, AbortSignal.abort());
      await assert.rejects(refused ?? Promise.resolve(), /does not list namespace team-b/);
    }
  });

  it("loses an AuthProvider of the cluster the moment that it does not list the namespace any more", () => {
    const world = cluster();
    world.put("NamespacedStore", "team-a/s", registry(["b.io"]));
    world.put("NamespacedStore", "team-a/named", registry(["b.io"], refs("AuthProvider/shared")));
    const before = world.compile();
    assert.deepEqual([answer(before, "team-a/s", "b.io"), answer(before, "team-a/named", "b.io")], ["shared", "shared"]);
    world.put("AuthProvider", "shared", { ...fromSecret("shared", "b.io"), allowedNamespaces: ["team-b"] });
    const after = world.compile();
    assert.equal(answer(after, "team-a/s", "b.io"), "Anonymous");
    assert.match(answer(after, "team-a/named", "b.io"), /^ProviderNotFound/);
    world.put("AuthProvider", "shared", { ...fromSecret("shared", "b.io"), allowedNamespaces: ["team-a"] });
    assert.equal(answer(world.compile(), "team-a/named", "b.io"), "shared");
  });

  it("is not widened by a mistake in the AuthProvider that it may use", () => {
    const world = cluster();
    world.put("NamespacedStore", "team-a/s", registry(["*"]));
    world.put("AuthProvider", "shared", { ...fromSecret("shared", "b.io"), allowedNamespaces: ["team-a", "Team B"] });
    assert.match(answer(world.compile(), "team-a/s", "b.io"), /^InvalidSpec of shared: /);
  });

  it("names an AuthProvider of its own namespace and never one of the same name elsewhere", () => {
    const world = cluster();
    for (const namespace of ["team-a", "team-b"]) world.put("NamespacedAuthProvider", `${namespace}/own`, anonymous("a.io"));
    world.put("NamespacedStore", "team-a/s", registry(["*"], refs("own")));
    assert.equal(answer(world.compile(), "team-a/s", "a.io"), "team-a/own");
    world.remove("NamespacedAuthProvider", "team-a/own");
    assert.match(
      answer(world.compile(), "team-a/s", "a.io"),
      /^ProviderNotFound of nobody: NamespacedAuthProvider\/team-a\/own does not exist/,
    );
  });
});

describe("material of a namespace", () => {
  it("is its own: a Secret of the operator's namespace or of another one is as missing", () => {
    const world = cluster();
    world.putMaterial("Secret", "team-b/theirs");
    for (const name of ["pull", "theirs"]) world.put("NamespacedAuthProvider", `team-a/${name}`, fromSecret(name, `${name}.io`));
    world.put("NamespacedStore", "team-a/s", registry(["*"]));
    const snapshot = world.compile();
    for (const name of ["pull", "theirs"]) {
      assert.match(answer(snapshot, "team-a/s", `${name}.io`), new RegExp(`^RefNotFound of team-a/${name}: Secret/${name} does not exist`));
    }
    assert.deepEqual(snapshot.authProviders.get("team-a/pull")?.references, ["Secret/team-a/pull"]);
  });

  it("wakes who refers to it in its namespace when it appears, changes and goes, and nobody else", () => {
    const world = cluster();
    world.put("NamespacedAuthProvider", "team-a/pull", fromSecret("pull", "c.io"));
    world.put("NamespacedAuthProvider", "team-b/pull", fromSecret("pull", "c.io"));
    world.put(
      "NamespacedStore",
      "team-a/s",
      registry(["c.io"], { registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } } }),
    );
    world.compile();
    world.factories.built();
    for (const change of [() => world.putMaterial("Secret", "team-a/pull"), () => world.remove("Secret", "team-a/pull")]) {
      change();
      world.compile();
      assert.deepEqual(world.factories.built(), ["AuthProvider/team-a/pull", "Store/team-a/s"]);
    }
    world.putMaterial("ConfigMap", "team-a/ca");
    world.putMaterial("ConfigMap", "ca");
    world.compile();
    assert.deepEqual(world.factories.built(), ["Store/team-a/s"]);
  });

  it("is not reached by a name that looks like an id", () => {
    const world = new World();
    world.putMaterial("Secret", "team-a/pull");
    const reads: unknown[] = [];
    world.factories.authProvider = (_, { material }) => {
      // As a ServiceAccount's imagePullSecrets may list it, which the API server lets through.
      reads.push(material.secret("team-a/pull"), material.configMap("../pull"), material.serviceAccount("a/b"));
      return { credentials: () => Promise.resolve([]), state: () => ({ ready: true, reason: "Resolved", message: "m", warnings: [] }) };
    };
    world.put("AuthProvider", "curious", anonymous("a.io"));
    const entry = world.compile().authProviders.get("curious");
    assert.deepEqual([reads, entry?.references], [[undefined, undefined, undefined], []]);
  });
});

test("a pattern of a namespace shadows nothing outside of it, and shows in nobody else's conflicts", () => {
  const world = cluster();
  world.put("NamespacedAuthProvider", "team-a/first", anonymous("b.io", "a.io"));
  world.put("NamespacedStore", "team-a/s", registry(["*"]));
  world.put("NamespacedStore", "team-b/s", registry(["*"]));
  world.put("AuthProvider", "late", { ...anonymous("late.io"), allowedNamespaces: ["team-a"] });
  world.put("NamespacedAuthProvider", "team-b/late", anonymous("late.io"));
  const snapshot = world.compile();
  // In team-a the cluster's is the older for b.io; for a.io, which is not shared with it, there is no other.
  assert.deepEqual(
    ["a.io", "b.io"].map((host) => answer(snapshot, "team-a/s", host)),
    ["team-a/first", "shared"],
  );
  assert.deepEqual(
    ["a.io", "b.io"].map((host) => answer(snapshot, "store", host)),
    ["own", "shared"],
  );
  assert.deepEqual(
    ["a.io", "b.io", "late.io"].map((host) => answer(snapshot, "team-b/s", host)),
    ["Anonymous", "Anonymous", "team-b/late"],
  );
  assert.deepEqual(snapshot.patternLosses, new Map([["team-a/first", [{ pattern: "b.io", keptBy: "shared" }]]]));
});

test("an AuthProvider of the cluster that a namespace's older one beats there loses nothing that others could see", () => {
  const world = cluster();
  world.put("NamespacedAuthProvider", "team-a/older", anonymous("late.io"));
  world.put("NamespacedStore", "team-a/s", registry(["*"]));
  world.put("AuthProvider", "younger", { ...anonymous("late.io"), allowedNamespaces: ["team-a"] });
  const snapshot = world.compile();
  assert.deepEqual([answer(snapshot, "team-a/s", "late.io"), answer(snapshot, "store", "late.io")], ["team-a/older", "younger"]);
  assert.deepEqual(snapshot.patternLosses, new Map());
});

test("a NamespacedAuthProvider serves its own namespace, whatever it says of others", () => {
  const world = new World();
  world.put("NamespacedAuthProvider", "team-a/giving", { ...anonymous("a.io"), allowedNamespaces: ["team-b"] });
  world.put("NamespacedStore", "team-b/s", registry(["*"]));
  assert.equal(answer(world.compile(), "team-b/s", "a.io"), "Anonymous");
});

test("a source that puts an object under the key of another scope gets it compiled as what its key says, or not at all", () => {
  const world = cluster();
  const spec = { ...anonymous("c.io"), plainHTTPHosts: ["c.io"] };
  const metadata = (name: string, namespace?: string): object => ({
    name,
    ...(namespace !== undefined && { namespace }),
    uid: name,
    generation: 1,
  });
  world.forge("NamespacedAuthProvider/team-a/disguised", { kind: "AuthProvider", metadata: metadata("disguised"), spec });
  world.forge("AuthProvider/team-a/smuggled", { kind: "AuthProvider", metadata: metadata("smuggled", "team-a"), spec });
  world.forge("NamespacedAuthProvider/nowhere", { kind: "NamespacedAuthProvider", metadata: metadata("nowhere"), spec });
  const snapshot = world.compile();
  assert.deepEqual([...snapshot.authProviders.keys()].toSorted(), ["own", "shared", "team-a/disguised"]);
  assert.deepEqual(snapshot.authProviders.get("team-a/disguised")?.spec, undefined, "a tenant has no plainHTTPHosts");
});

test("views() of a namespace exists where one of its policies matches, or may be meant to", () => {
  const world = cluster();
  const namespaced = (): unknown =>
    world
      .compile()
      .views(image, team)
      .namespaced?.policies.map(({ name }) => name);
  assert.equal(namespaced(), undefined);
  world.put("NamespacedPolicy", "team-b/p", policy(["a.io"], ["Verifier/release"]));
  assert.equal(namespaced(), undefined);
  world.put("NamespacedPolicy", "team-a/p", policy(["a.io"], ["Verifier/release"], { excludeScopes: ["a.io/team"] }));
  assert.equal(namespaced(), undefined);
  world.put("NamespacedPolicy", "team-a/p", policy(["a.io/team"], ["Verifier/release"]));
  assert.deepEqual(namespaced(), ["NamespacedPolicy/team-a/p"]);
  assert.equal(world.compile().views(image).namespaced, undefined, "nobody says which namespace");
  world.put("NamespacedPolicy", "team-a/p", { scopes: ["*.io"] });
  assert.deepEqual(namespaced(), ["NamespacedPolicy/team-a/p"]);
  world.remove("NamespacedPolicy", "team-a/p");
  assert.equal(namespaced(), undefined);
});

test("views() of a namespace has its Stores beside the cluster's, and those Verifiers that its policies name", () => {
  const world = cluster();
  world.put("KeyProvider", "other", inline);
  world.put("Verifier", "unnamed", cosign("other"));
  world.put("NamespacedStore", "team-a/store", registry(["a.io"]));
  world.put("NamespacedStore", "team-a/elsewhere", registry(["b.io"]));
  world.put("NamespacedStore", "team-b/store", registry(["*"]));
  world.put("NamespacedKeyProvider", "team-a/keys", inline);
  world.put("NamespacedVerifier", "team-a/release", cosign("keys"));
  world.put("NamespacedVerifier", "team-a/unnamed", cosign("keys"));
  world.put("NamespacedVerifier", "team-a/borrowing", cosign("other"));
  world.put("NamespacedPolicy", "team-a/p", policy(["a.io"], ["release", "Verifier/release", "borrowing", "gone", "Verifier/team"]));
  const snapshot = world.compile();
  const { cluster: above, namespaced } = snapshot.views(image, team);
  assert.deepEqual(
    namespaced?.stores.map(({ name }) => name),
    ["store", "team-a/store"],
  );
  assert.equal(namespaced?.stores[0]?.store, above.stores[0]?.store);
  assert.deepEqual(
    namespaced?.verifiers.map(({ name, problem }) => [name, problem]),
    [
      ["release", undefined],
      ["team", "Verifier/team does not exist"],
      ["team-a/borrowing", "NamespacedKeyProvider/team-a/other does not exist"],
      ["team-a/gone", "NamespacedVerifier/team-a/gone does not exist"],
      ["team-a/release", undefined],
    ],
  );
  assert.deepEqual(
    namespaced?.policies[0]?.require.map(({ anyOf: [leaf] }) => (leaf?.type === "verifier" ? leaf.verifier : undefined)),
    ["team-a/release", "release", "team-a/borrowing", "team-a/gone", "team"],
  );
  assert.equal(world.factories.contexts.get("team-a/release")?.namespace, "team-a");
});

test("views() of a namespace with an expression has every Verifier of the cluster and of the namespace", () => {
  const world = cluster();
  for (const id of ["team-a/v", "team-b/v"]) world.put("NamespacedVerifier", id, cosign("keys"));
  world.put("NamespacedPolicy", "team-a/p", { scopes: ["a.io"], require: [{ expression: "fine" }] });
  assert.deepEqual(
    world
      .compile()
      .views(image, team)
      .namespaced?.verifiers.map(({ name }) => name),
    ["release", "team-a/v"],
  );
});
