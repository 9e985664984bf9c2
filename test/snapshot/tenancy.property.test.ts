import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceKind } from "../../src/api/object.ts";
import type { Realms } from "../../src/engine/verify-realms.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import type { NamespaceLabels } from "../../src/snapshot/namespace-selector.ts";
import { anonymous, cosign, fromSecret, inline, policy, refs, registry, repositoryOf, World } from "./fixture.ts";

/** Names that the cluster uses, too: a tenant may call his objects what he likes. */
const names = ["own", "shared", "store", "keys", "release", "signed"];
const scopes = fc.uniqueArray(fc.constantFrom("*", "a.io", "a.io/team", "b.io", "*.io"), { minLength: 1, maxLength: 3 });
const someNames = fc.uniqueArray(fc.constantFrom(...names, "gone"), { minLength: 1, maxLength: 2 });
const mistake = fc.constantFrom({}, {}, {}, { typo: 1 });

const providerNames = fc.uniqueArray(fc.constantFrom("own", "AuthProvider/own", "AuthProvider/shared", "gone"), {
  minLength: 1,
  maxLength: 2,
});
const verifierNames = fc.uniqueArray(fc.constantFrom("release", "Verifier/release", "gone"), { minLength: 1, maxLength: 2 });

const specs: { readonly [K in ResourceKind as Extract<K, `Namespaced${string}`>]: fc.Arbitrary<object> } = {
  NamespacedStore: fc
    .tuple(scopes, fc.option(providerNames), mistake)
    .map(([images, providers, more]) => registry(images, { ...(providers !== null && refs(...providers)), ...more })),
  NamespacedAuthProvider: fc
    .tuple(
      scopes,
      fc.option(fc.constantFrom("pull", "shared")),
      fc.constantFrom({}, { allowedNamespaces: ["team-b"] }, { plainHTTPHosts: ["a.io"] }),
    )
    .map(([hosts, secret, more]) => ({ ...(secret === null ? anonymous(...hosts) : fromSecret(secret, ...hosts)), ...more })),
  NamespacedVerifier: fc.tuple(someNames, mistake).map(([providers, more]) => ({ ...cosign(...providers), ...more })),
  NamespacedKeyProvider: mistake.map((more) => ({ ...inline, ...more })),
  NamespacedPolicy: fc.oneof(
    fc
      .tuple(scopes, verifierNames, fc.constantFrom({}, { enforcement: "Audit" }, { typo: 1 }, { namespaceSelector: {} }))
      .map(([images, verifiers, more]) => policy(images, verifiers, more)),
    fc.tuple(scopes, fc.constantFrom("fine", "not fine")).map(([images, expression]) => ({ scopes: images, require: [{ expression }] })),
  ),
};

type Step = (world: World) => void;

/** An edit by somebody who may do what he likes in these namespaces, and nothing elsewhere. */
function stepIn(...namespaces: readonly string[]): fc.Arbitrary<Step> {
  const id = fc.tuple(fc.constantFrom(...namespaces), fc.constantFrom(...names)).map(([namespace, name]) => `${namespace}/${name}`);
  const put = Object.entries(specs).map(([kind, spec]) =>
    fc.tuple(id, spec).map(
      ([where, what]): Step =>
        (world) =>
          world.put(kind as ResourceKind, where, what),
    ),
  );
  const remove = fc.tuple(fc.constantFrom(...Object.keys(specs)), id).map(
    ([kind, where]): Step =>
      (world) =>
        world.remove(kind, where),
  );
  const material = fc
    .tuple(fc.constantFrom("Secret", "ConfigMap", "ServiceAccount"), fc.constantFrom(...namespaces), fc.constantFrom("pull", "shared"))
    .map(
      ([kind, namespace, name]): Step =>
        (world) =>
          world.putMaterial(kind, `${namespace}/${name}`),
    );
  const misplaced = fc.tuple(fc.constantFrom(...Object.keys(specs)), id).map(
    ([kind, where]): Step =>
      (world) =>
        world.forge(`${kind.replace("Namespaced", "")}/${where}`, { kind, metadata: { name: "x" } }),
  );
  return fc.oneof(...put, remove, material, misplaced);
}

/** Objects of the cluster that a tenant could want to change the meaning of. */
function cluster(): World {
  const world = new World();
  world.putMaterial("Secret", "pull");
  world.put("AuthProvider", "own", fromSecret("pull", "a.io"));
  world.put("AuthProvider", "shared", { ...fromSecret("shared", "b.io"), allowedNamespaces: ["team-a", "team-b"] });
  world.put("Store", "store", registry(["*"]));
  world.put("Store", "narrow", registry(["a.io/team"], refs("own", "gone")));
  world.put("KeyProvider", "keys", inline);
  world.put("Verifier", "release", cosign("keys"));
  world.put("Verifier", "broken", cosign("keys", "gone"));
  world.put("Policy", "signed", policy(["a.io/team"], ["release", "gone"], { namespaceSelector: { matchLabels: { stage: "prod" } } }));
  world.put("Policy", "watched", policy(["a.io"], ["broken"], { enforcement: "Warn" }));
  return world;
}

const images = ["a.io/team/app", "a.io/x", "b.io/x", "c.com/x"];
const namespaces: readonly (NamespaceLabels | undefined)[] = [
  undefined,
  { name: "team-a", labels: { stage: "prod" } },
  { name: "team-a", labels: {} },
  { name: "team-b" },
];
function everyView(snapshot: Snapshot, select: (realms: Realms) => unknown): readonly unknown[] {
  return images.flatMap((image) => namespaces.map((namespace) => select(snapshot.views(repositoryOf(image), namespace))));
}

test("whatever exists in namespaces, the cluster's view of any image is the very object that it is without", () => {
  fc.assert(
    fc.property(fc.array(fc.array(stepIn("team-a", "team-b"), { maxLength: 4 }), { maxLength: 5 }), (batches) => {
      const world = cluster();
      const before = world.compile();
      const expected = everyView(before, ({ cluster: view }) => view);
      for (const batch of batches) {
        for (const step of batch) step(world);
        const after = world.compile();
        for (const [at, view] of everyView(after, ({ cluster: found }) => found).entries()) assert.equal(view, expected[at]);
        for (const [id, entry] of before.stores) assert.equal(after.stores.get(id), entry);
      }
    }),
  );
});

test("objects of namespaces that are compiled together with those of the cluster make no difference to them", () => {
  fc.assert(
    fc.property(fc.array(stepIn("team-a", "team-b"), { maxLength: 10 }), (steps) => {
      const alone = cluster();
      const crowded = cluster();
      for (const step of steps) step(crowded);
      const revisions = (world: World): readonly unknown[] => everyView(world.compile(), ({ cluster: view }) => view.revision);
      assert.deepEqual(revisions(crowded), revisions(alone));
    }),
  );
});

test("whatever happens in one namespace, another's view of any image is what it was", () => {
  fc.assert(
    fc.property(
      fc.array(stepIn("team-b"), { maxLength: 8 }),
      fc.array(fc.array(stepIn("team-a"), { maxLength: 4 }), { maxLength: 4 }),
      (own, others) => {
        const world = cluster();
        world.put("NamespacedPolicy", "team-b/always", policy(["*"], ["Verifier/release"]));
        for (const step of own) step(world);
        const before = world.compile();
        const viewsOf = (snapshot: Snapshot): readonly unknown[] =>
          images.map((image) => snapshot.views(repositoryOf(image), { name: "team-b", labels: {} }).namespaced);
        const expected = viewsOf(before);
        for (const batch of others) {
          for (const step of batch) step(world);
          for (const [at, view] of viewsOf(world.compile()).entries()) assert.equal(view, expected[at]);
        }
      },
    ),
  );
});
