import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { anonymous, cosign, fromSecret, inline, refs, registry, World } from "./fixture.ts";

/** By `Kind/name`, what was built by a factory: the same object exactly if the instance was kept. */
function instances(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const found: [string, unknown][] = [
    ...[...snapshot.stores.values()].map((entry): [string, unknown] => [`Store/${entry.meta.name}`, entry.store]),
    ...[...snapshot.authProviders.values()].map((entry): [string, unknown] => [`AuthProvider/${entry.meta.name}`, entry.provider]),
    ...[...snapshot.verifiers.values()].map((entry): [string, unknown] => [`Verifier/${entry.meta.name}`, entry.verifier]),
    ...[...snapshot.keyProviders.values()].map((entry): [string, unknown] => [`KeyProvider/${entry.meta.name}`, entry.keyProvider]),
  ];
  return Object.fromEntries(found);
}

const withBundle = (configMap: string): object => ({
  registry: { caBundleRef: { kind: "ConfigMap", name: configMap, key: "ca.crt" } },
});

/** Two of everything, one of each pair referring to something. */
function world(): World {
  const made = new World();
  made.putMaterial("Secret", "pull");
  made.putMaterial("ConfigMap", "ca");
  made.put("AuthProvider", "secret", fromSecret("pull", "a.io"));
  made.put("AuthProvider", "later", fromSecret("missing", "b.io"));
  made.put("AuthProvider", "plain", anonymous("c.io"));
  made.put("Store", "on-secret", registry(["a.io"], refs("secret")));
  made.put("Store", "on-later", registry(["b.io"], refs("later")));
  made.put("Store", "on-plain", registry(["c.io"], { ...refs("plain"), ...withBundle("ca") }));
  made.put("Store", "on-gone", registry(["d.io"], { ...refs("gone"), ...withBundle("no-ca") }));
  made.put("KeyProvider", "k1", inline);
  made.put("KeyProvider", "k2", inline);
  made.put("Verifier", "v1", cosign("k1"));
  made.put("Verifier", "v12", cosign("k1", "k2"));
  made.put("Verifier", "v3", cosign("k3"));
  return made;
}

const edits: {
  readonly name: string;
  readonly edit: (world: World) => void;
  readonly rebuilt: readonly string[];
}[] = [
  { name: "a Secret that changes", edit: (w) => w.putMaterial("Secret", "pull"), rebuilt: ["AuthProvider/secret", "Store/on-secret"] },
  { name: "a Secret that goes", edit: (w) => w.remove("Secret", "pull"), rebuilt: ["AuthProvider/secret", "Store/on-secret"] },
  { name: "a Secret that appears", edit: (w) => w.putMaterial("Secret", "missing"), rebuilt: ["AuthProvider/later", "Store/on-later"] },
  { name: "a Secret that nobody names", edit: (w) => w.putMaterial("Secret", "foreign"), rebuilt: [] },
  { name: "a ConfigMap called like the Secret", edit: (w) => w.putMaterial("ConfigMap", "pull"), rebuilt: [] },
  { name: "a ConfigMap that changes", edit: (w) => w.putMaterial("ConfigMap", "ca"), rebuilt: ["Store/on-plain"] },
  { name: "a ConfigMap that appears", edit: (w) => w.putMaterial("ConfigMap", "no-ca"), rebuilt: ["Store/on-gone"] },
  {
    name: "a Store that is edited",
    edit: (w) => w.put("Store", "on-later", registry(["e.io"], refs("later"))),
    rebuilt: ["Store/on-later"],
  },
  { name: "our own write of a Store's status", edit: (w) => w.touch("Store", "on-later"), rebuilt: [] },
  { name: "our own write of an AuthProvider's status", edit: (w) => w.touch("AuthProvider", "secret"), rebuilt: [] },
  {
    name: "our own writes of the other kinds' statuses",
    edit: (w) => (w.touch("Verifier", "v1"), w.touch("KeyProvider", "k1")),
    rebuilt: [],
  },
  {
    name: "a Store that is deleted and created again as it was",
    edit: (w) => (w.remove("Store", "on-later"), w.put("Store", "on-later", registry(["b.io"], refs("later")))),
    rebuilt: ["Store/on-later"],
  },
  {
    name: "an AuthProvider that is deleted and created again as it was",
    edit: (w) => (w.remove("AuthProvider", "plain"), w.put("AuthProvider", "plain", anonymous("c.io"))),
    rebuilt: ["AuthProvider/plain", "Store/on-plain"],
  },
  {
    name: "a Secret that is deleted and created again",
    edit: (w) => (w.remove("Secret", "pull"), w.putMaterial("Secret", "pull")),
    rebuilt: ["AuthProvider/secret", "Store/on-secret"],
  },
  {
    name: "a KeyProvider that is deleted and created again as it was",
    edit: (w) => (w.remove("KeyProvider", "k2"), w.put("KeyProvider", "k2", inline)),
    rebuilt: ["KeyProvider/k2", "Verifier/v12"],
  },
  { name: "an AuthProvider that goes", edit: (w) => w.remove("AuthProvider", "plain"), rebuilt: ["Store/on-plain"] },
  {
    name: "an AuthProvider that appears under a name that is waited for",
    edit: (w) => w.put("AuthProvider", "gone", anonymous("d.io")),
    rebuilt: ["AuthProvider/gone", "Store/on-gone"],
  },
  {
    name: "an AuthProvider that nobody names",
    edit: (w) => w.put("AuthProvider", "new", anonymous("n.io")),
    rebuilt: ["AuthProvider/new"],
  },
  { name: "a KeyProvider that is edited", edit: (w) => w.put("KeyProvider", "k2", inline), rebuilt: ["KeyProvider/k2", "Verifier/v12"] },
  { name: "a KeyProvider that appears", edit: (w) => w.put("KeyProvider", "k3", inline), rebuilt: ["KeyProvider/k3", "Verifier/v3"] },
  { name: "a KeyProvider that goes", edit: (w) => w.remove("KeyProvider", "k1"), rebuilt: ["Verifier/v1", "Verifier/v12"] },
  { name: "a Verifier that is edited", edit: (w) => w.put("Verifier", "v3", cosign("k1")), rebuilt: ["Verifier/v3"] },
  { name: "a Store that becomes invalid", edit: (w) => w.put("Store", "on-later", { scopes: ["b.io"] }), rebuilt: [] },
];

describe("compile() rebuilds exactly what is reached by", () => {
  for (const { name, edit, rebuilt } of edits) {
    it(name, () => {
      const made = world();
      const before = instances(made.compile());
      made.factories.built();
      edit(made);
      const after = instances(made.compile());
      assert.deepEqual(made.factories.built(), rebuilt);
      for (const [key, instance] of Object.entries(after)) {
        if (!rebuilt.includes(key) && key in before && instance !== undefined) assert.equal(instance, before[key], `${key} was kept`);
        if (rebuilt.includes(key)) assert.notEqual(instance, before[key], `${key} is new`);
      }
    });
  }
});

test("compile() forgets who referred to what: a Verifier that names another KeyProvider is not rebuilt for its former one", () => {
  const made = world();
  made.compile();
  made.put("Verifier", "v1", cosign("k2"));
  made.compile();
  made.factories.built();
  made.put("KeyProvider", "k1", inline);
  made.compile();
  assert.deepEqual(made.factories.built(), ["KeyProvider/k1", "Verifier/v12"]);
});

test("compile() after every edit in turn is what one compile() of the outcome is", () => {
  const [stepwise, atOnce] = [world(), world()];
  for (const { edit } of edits) {
    edit(stepwise);
    edit(atOnce);
    stepwise.compile();
  }
  const [left, right] = [stepwise.compile(), atOnce.compile()];
  const essence = ({ stores, authProviders, verifiers, keyProviders, revision, patternLosses }: Snapshot): unknown => ({
    revision,
    patternLosses,
    entries: [stores, authProviders, verifiers, keyProviders].map((group) =>
      [...group.values()]
        .map(({ kind, meta, revision: own, diagnostics, references }) => ({
          key: `${kind}/${meta.name}`,
          resourceVersion: meta.resourceVersion,
          own,
          diagnostics,
          references,
        }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    ),
  });
  assert.deepEqual(essence(left), essence(right));
});

test("compile() of one edit among 10,000 Stores builds one, whichever view they share", () => {
  const made = new World();
  made.putMaterial("Secret", "one");
  for (let at = 0; at < 20; at += 1) made.put("AuthProvider", `p${at}`, at === 0 ? fromSecret("one", "p0.io") : anonymous(`p${at}.io`));
  for (let at = 0; at < 10_000; at += 1) made.put("Store", `s${at}`, registry([`h${at}.io`], refs(`p${at % 20}`)));
  const before = made.compile();
  made.factories.built();
  made.put("Store", "s77", registry(["changed.io"], refs("p1")));
  const after = made.compile();
  assert.deepEqual(made.factories.built(), ["Store/s77"]);
  assert.equal([...after.stores].filter(([name, entry]) => before.stores.get(name) !== entry).length, 1);
  made.putMaterial("Secret", "one");
  made.compile();
  assert.equal(made.factories.built().length, 1 + 500);
});

test("compile() gives all Stores of one view one keychain and one list of names", () => {
  const made = world();
  made.put("Store", "x", registry(["x.io"], refs("plain", "secret")));
  made.put("Store", "y", registry(["y.io"], refs("secret", "plain")));
  const { stores } = made.compile();
  assert.equal(stores.get("x")?.keychain, stores.get("y")?.keychain);
  assert.equal(stores.get("x")?.view, stores.get("y")?.view);
  made.put("AuthProvider", "unrelated", anonymous("u.io"));
  assert.equal(made.compile().stores.get("x")?.keychain, stores.get("x")?.keychain);
});
