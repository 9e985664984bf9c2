import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { cosign, inline, policy, registry, repositoryOf, World } from "./fixture.ts";

const prod = { name: "team-a", labels: { stage: "prod" } };
const dev = { name: "team-b", labels: { stage: "dev" } };
const onProd = { namespaceSelector: { matchLabels: { stage: "prod" } } };

/** `a.io` needs `v1` in namespaces of production, and `v1` and `v2` of the namespace team-a; elsewhere the built-in policy is in force. */
function world(): World {
  const made = new World();
  made.put("Store", "s", registry(["*"]));
  for (const name of ["k1", "k2", "k3"]) made.put("KeyProvider", name, inline);
  for (const at of ["1", "2", "3"]) made.put("Verifier", `v${at}`, cosign(`k${at}`));
  made.put("Policy", "p", policy(["a.io"], ["v1"], onProd));
  made.put("Policy", "other", policy(["b.io"], ["v1"]));
  made.put("NamespacedKeyProvider", "team-a/k", inline);
  made.put("NamespacedVerifier", "team-a/v2", cosign("k"));
  made.put("NamespacedStore", "team-a/s", registry(["a.io"]));
  made.put("NamespacedPolicy", "team-a/p", policy(["a.io"], ["Verifier/v1", "v2"]));
  return made;
}
/** The view of `a.io` from the cluster for production, for development, and from the namespace. */
function revisions(made: World): readonly (string | undefined)[] {
  const snapshot = made.compile();
  const { cluster, namespaced } = snapshot.views(repositoryOf("a.io/x"), prod);
  return [cluster.revision, snapshot.views(repositoryOf("a.io/x"), dev).cluster.revision, namespaced?.revision];
}

type Place = "production" | "development" | "team-a";
const places: readonly Place[] = ["production", "development", "team-a"];
const edits: { readonly name: string; readonly edit: (world: World) => void; readonly changed: readonly Place[] }[] = [
  { name: "nothing", edit: () => {}, changed: [] },
  {
    name: "our own writes of statuses",
    edit: (w) => (w.touch("Policy", "p"), w.touch("NamespacedPolicy", "team-a/p"), w.touch("Verifier", "v1")),
    changed: [],
  },
  { name: "a Policy that applies", edit: (w) => w.put("Policy", "p", policy(["a.io"], ["v1"], onProd)), changed: ["production"] },
  { name: "a Policy of other images", edit: (w) => w.put("Policy", "other", policy(["b.io"], ["v2"])), changed: [] },
  {
    name: "a Policy that comes to apply",
    edit: (w) => w.put("Policy", "other", policy(["a.io"], ["v1"])),
    changed: ["production", "development"],
  },
  { name: "a Policy that goes", edit: (w) => w.remove("Policy", "p"), changed: ["production"] },
  {
    name: "a selector that selects otherwise",
    edit: (w) => w.put("Policy", "p", policy(["a.io"], ["v1"], { namespaceSelector: { matchLabels: { stage: "dev" } } })),
    changed: ["production", "development"],
  },
  { name: "a Verifier that is named", edit: (w) => w.put("Verifier", "v1", cosign("k1")), changed: places },
  {
    name: "a Verifier that no policy names: where the built-in one is in force",
    edit: (w) => w.put("Verifier", "v3", cosign("k3")),
    changed: ["development"],
  },
  { name: "the keys of a Verifier that is named", edit: (w) => w.put("KeyProvider", "k1", inline), changed: places },
  { name: "a Verifier that is named and goes", edit: (w) => w.remove("Verifier", "v1"), changed: places },
  {
    name: "a Verifier that is for other images now",
    edit: (w) => w.put("Verifier", "v1", { ...cosign("k1"), scopes: ["b.io"] }),
    changed: places,
  },
  { name: "the namespace's Verifier", edit: (w) => w.put("NamespacedVerifier", "team-a/v2", cosign("k")), changed: ["team-a"] },
  { name: "the namespace's keys", edit: (w) => w.put("NamespacedKeyProvider", "team-a/k", inline), changed: ["team-a"] },
  { name: "the namespace's Store", edit: (w) => w.put("NamespacedStore", "team-a/s", registry(["a.io"])), changed: ["team-a"] },
  { name: "the namespace's Policy", edit: (w) => w.put("NamespacedPolicy", "team-a/p", policy(["a.io"], ["v2"])), changed: ["team-a"] },
  {
    name: "a Verifier of the namespace that its Policy does not name",
    edit: (w) => w.put("NamespacedVerifier", "team-a/v3", cosign("k")),
    changed: [],
  },
  {
    name: "objects of another namespace",
    edit: (w) => {
      w.put("NamespacedPolicy", "team-b/p", policy(["*"], ["v2"]));
      w.put("NamespacedVerifier", "team-b/v2", cosign("k"));
      w.put("NamespacedStore", "team-b/s", registry(["*"]));
    },
    changed: [],
  },
];
describe("views(): revision changes with", () => {
  for (const { name, edit, changed } of edits) {
    it(name, () => {
      const made = world();
      const before = revisions(made);
      edit(made);
      const after = revisions(made);
      assert.deepEqual(
        places.filter((_, at) => before[at] !== after[at]),
        changed,
      );
    });
  }
});

test("views(): one revision for all namespaces for which the same objects apply, whatever else their labels say", () => {
  const snapshot = world().compile();
  const view = (name: string, labels: Readonly<Record<string, string>>): unknown =>
    snapshot.views(repositoryOf("a.io/x"), { name, labels }).cluster;
  assert.equal(view("team-c", { stage: "prod", owner: "c" }), view("team-d", { stage: "prod" }));
  assert.equal(view("team-c", { stage: "test" }), view("team-d", {}));
  assert.notEqual(view("team-c", { stage: "test" }), view("team-c", { stage: "prod" }));
});

test("views(): a Policy with an expression that could not be read is another one once it can be", () => {
  const made = world();
  made.factories.refusal = "not loaded";
  made.put("Policy", "p", { scopes: ["a.io"], require: [{ expression: "fine" }] });
  const before = made.compile();
  assert.match(before.policies.get("p")?.problem ?? "", /not loaded$/);
  made.factories.refusal = undefined;
  made.touch("Policy", "p");
  const after = made.compile();
  assert.equal(after.policies.get("p")?.problem, undefined);
  const revision = (snapshot: typeof before): string => snapshot.views(repositoryOf("a.io/x"), prod).cluster.revision;
  assert.notEqual(revision(before), revision(after));
});
