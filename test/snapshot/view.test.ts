import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { defaultLimits } from "../../src/api/store.ts";
import { anonymous, cosign, fromSecret, inline, refs, registry, repositoryOf, World } from "./fixture.ts";

test("view() holds the Stores whose scopes match and every Verifier, sorted by name, and is remembered", () => {
  const world = new World();
  const scopes: Readonly<Record<string, readonly string[]>> = {
    z: ["a.io"],
    deep: ["a.io/team/app"],
    other: ["a.io/teams", "b.io"],
    port: ["a.io:5000"],
    wild: ["*.a.io"],
    all: ["*"],
    hub: ["docker.io/library"],
  };
  for (const [name, patterns] of Object.entries(scopes)) world.put("Store", name, registry(patterns));
  for (const name of ["v2", "v1"]) world.put("Verifier", name, cosign("k"));
  const snapshot = world.compile();
  const rows: readonly (readonly [image: string, stores: readonly string[]])[] = [
    ["a.io/team/app/web", ["all", "deep", "z"]],
    ["a.io/team/application", ["all", "z"]],
    ["a.io:443/team", ["all", "z"]],
    ["a.io:5000/team", ["all", "port"]],
    ["x.a.io/team", ["all", "wild"]],
    ["y.x.a.io/team", ["all"]],
    ["a.io.evil.com/team/app", ["all"]],
    ["alpine", ["all", "hub"]],
  ];
  for (const [image, stores] of rows) {
    const view = snapshot.views(repositoryOf(image)).cluster;
    assert.deepEqual(
      view.stores.map(({ name }) => name),
      stores,
      image,
    );
    assert.deepEqual(
      view.verifiers.map(({ name }) => name),
      ["v1", "v2"],
    );
    assert.equal(snapshot.views(repositoryOf(image)).cluster, view);
  }
});

test("view() holds what the Store's spec says of time, limits and evidence", () => {
  const world = new World();
  world.put("Store", "s", registry(["a.io"], { timeout: "5s", evidence: "Optional", limits: { artifacts: 3, blobBytes: 1_048_576 } }));
  const snapshot = world.compile();
  assert.deepEqual(snapshot.views(repositoryOf("a.io/x")).cluster.stores, [
    {
      name: "s",
      evidence: "Optional",
      timeoutMs: 5000,
      limits: { ...defaultLimits, artifacts: 3, blobBytes: 1_048_576 },
      store: snapshot.stores.get("s")?.store,
    },
  ]);
});

/** `a.io` is read by Store/on-a with AuthProvider/secret; `b.io` by Store/on-b with AuthProvider/plain; evidence of `e.io` is at `a.io`. */
function world(): World {
  const made = new World();
  made.putMaterial("Secret", "pull");
  made.put("AuthProvider", "secret", fromSecret("pull", "a.io"));
  made.put("AuthProvider", "plain", anonymous("b.io"));
  made.put("Store", "on-a", registry(["a.io"]));
  made.put("Store", "on-b", registry(["b.io"]));
  made.put("Store", "on-e", registry(["e.io"], { registry: { evidenceRepository: "a.io/evidence" } }));
  made.put("KeyProvider", "k", inline);
  made.put("Verifier", "v", cosign("k"));
  return made;
}
const images = ["a.io/x", "b.io/x", "e.io/x", "nowhere.io/x"] as const;

const edits: { readonly name: string; readonly edit: (world: World) => void; readonly changed: readonly (typeof images)[number][] }[] = [
  { name: "nothing", edit: () => {}, changed: [] },
  { name: "our own writes of statuses", edit: (w) => (w.touch("Store", "on-a"), w.touch("AuthProvider", "secret")), changed: [] },
  {
    name: "the Secret in use, of every image that is read with it",
    edit: (w) => w.putMaterial("Secret", "pull"),
    changed: ["a.io/x", "e.io/x"],
  },
  { name: "the Secret in use going", edit: (w) => w.remove("Secret", "pull"), changed: ["a.io/x", "e.io/x"] },
  { name: "a Secret that nobody names", edit: (w) => w.putMaterial("Secret", "other"), changed: [] },
  { name: "another AuthProvider's spec", edit: (w) => w.put("AuthProvider", "plain", anonymous("b.io", "n.io")), changed: ["b.io/x"] },
  { name: "a more specific AuthProvider", edit: (w) => w.put("AuthProvider", "deep", anonymous("b.io/x")), changed: ["b.io/x"] },
  { name: "an AuthProvider that matches none of them", edit: (w) => w.put("AuthProvider", "n", anonymous("n.io")), changed: [] },
  { name: "an AuthProvider that goes", edit: (w) => w.remove("AuthProvider", "plain"), changed: ["b.io/x"] },
  { name: "a Store's spec", edit: (w) => w.put("Store", "on-b", registry(["b.io"], { timeout: "3s" })), changed: ["b.io/x"] },
  { name: "a Store that becomes invalid", edit: (w) => w.put("Store", "on-b", { scopes: ["b.io"] }), changed: ["b.io/x"] },
  { name: "a Store that goes", edit: (w) => w.remove("Store", "on-a"), changed: ["a.io/x"] },
  {
    name: "a Store that is deleted and created again as it was",
    edit: (w) => (w.remove("Store", "on-a"), w.put("Store", "on-a", registry(["a.io"]))),
    changed: ["a.io/x"],
  },
  { name: "a Store of another host", edit: (w) => w.put("Store", "n", registry(["n.io"])), changed: [] },
  { name: "a Store of every image", edit: (w) => w.put("Store", "n", registry(["*"])), changed: images },
  { name: "a Verifier", edit: (w) => w.put("Verifier", "v2", cosign("k")), changed: images },
  { name: "a KeyProvider that a Verifier names", edit: (w) => w.put("KeyProvider", "k", inline), changed: images },
  { name: "a KeyProvider that no Verifier names", edit: (w) => w.put("KeyProvider", "k2", inline), changed: [] },
];
describe("view().revision changes with", () => {
  for (const { name, edit, changed } of edits) {
    it(name, () => {
      const made = world();
      const before = made.compile();
      edit(made);
      const after = made.compile();
      assert.deepEqual(
        images.filter((image) => before.views(repositoryOf(image)).cluster.revision !== after.views(repositoryOf(image)).cluster.revision),
        changed,
      );
      // A snapshot that is in use stays as it was.
      assert.deepEqual(
        images.map((image) => before.views(repositoryOf(image)).cluster.stores.length),
        [1, 1, 1, 0],
      );
    });
  }
});

const probes: { readonly name: string; readonly edit: (world: World) => void; readonly probed: readonly string[] }[] = [
  { name: "our own write of a status", edit: (w) => w.touch("Store", "on-a"), probed: [] },
  { name: "the Secret of an AuthProvider, where it matches", edit: (w) => w.putMaterial("Secret", "pull"), probed: ["on-a", "on-e"] },
  { name: "an AuthProvider, where it matches", edit: (w) => w.put("AuthProvider", "plain", anonymous("b.io/deep")), probed: ["on-b"] },
  { name: "an AuthProvider with a wildcard that matches", edit: (w) => w.put("AuthProvider", "w", anonymous("*.b.io")), probed: [] },
  { name: "an AuthProvider that appears for a host", edit: (w) => w.put("AuthProvider", "n", anonymous("b.io/team")), probed: ["on-b"] },
  { name: "an AuthProvider of a port", edit: (w) => w.put("AuthProvider", "n", anonymous("b.io:5000")), probed: [] },
  { name: "an AuthProvider that goes", edit: (w) => w.remove("AuthProvider", "plain"), probed: ["on-b"] },
  { name: "the Store itself", edit: (w) => w.put("Store", "on-b", registry(["b.io/team"])), probed: ["on-b"] },
  { name: "a Verifier", edit: (w) => w.put("Verifier", "v", cosign("other")), probed: [] },
];
describe("probeRevision changes with", () => {
  for (const { name, edit, probed } of probes) {
    it(name, () => {
      const made = world();
      const before = made.compile().stores;
      edit(made);
      const after = made.compile().stores;
      assert.deepEqual(
        [...before.keys()].filter((store) => before.get(store)?.probeRevision !== after.get(store)?.probeRevision).toSorted(),
        probed,
      );
    });
  }
});

test("probeRevision changes with an AuthProvider of a wildcard, for Stores of hosts that it matches only", () => {
  const made = new World();
  made.put("Store", "x", registry(["x.acme.io"]));
  made.put("Store", "deeper", registry(["y.x.acme.io"]));
  made.put("Store", "port", registry(["x.acme.io:5000"]));
  made.put("Store", "narrowed", registry(["x.acme.io"], refs("other")));
  const before = made.compile().stores;
  made.put("AuthProvider", "wild", anonymous("*.acme.io"));
  const after = made.compile().stores;
  assert.deepEqual(
    [...before.keys()].filter((store) => before.get(store)?.probeRevision !== after.get(store)?.probeRevision),
    ["x"],
  );
});

test("revision of a snapshot changes exactly with an object, and is the same for the same objects in another order", () => {
  const [one, other] = [new World(), new World()];
  one.put("KeyProvider", "a", inline);
  other.put("KeyProvider", "a", inline);
  assert.equal(one.compile().revision, other.compile().revision);
  one.touch("KeyProvider", "a");
  assert.equal(one.compile().revision, other.compile().revision);
  one.put("KeyProvider", "a", inline);
  assert.notEqual(one.compile().revision, other.compile().revision);
});
