import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NamespaceLimits } from "../../src/kube/namespace-quota.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { ObjectCache, ObjectList } from "../../src/kube/object-cache.ts";
import { widgets } from "./fixture.ts";

const collection = { resource: widgets, namespace: "*" };
const perNamespace: NamespaceLimits = { maxObjects: 2, maxBytes: 1000, maxPlaceholders: 1 };

function object(namespace: string, name: string, more: { readonly version?: number; readonly pad?: number } = {}): KubeObject {
  const { version = 1, pad = 0 } = more;
  const metadata = { name, namespace, uid: `${namespace}-${name}`, resourceVersion: String(version), labels: { a: "b" } };
  return { kind: "Widget", metadata, spec: { pad: "x".repeat(pad) } } as KubeObject;
}

function cacheOf(limits: NamespaceLimits | undefined = perNamespace) {
  const changes: string[] = [];
  const cache = new ObjectCache({
    collection,
    maxObjects: 100,
    ...(limits !== undefined && { perNamespace: limits }),
    changed: (key, change) => changes.push(`${key} ${change}`),
  });
  /** `key`, with a question mark where only the identity is kept. */
  const kept = (): string[] => [...cache.objects].map(([key, value]) => `${key}${"spec" in value ? "" : "?"}`).toSorted();
  return { cache, changes, kept };
}

test("a cache keeps of each namespace what fits, of one object more its identity, and of the rest nothing", () => {
  const { cache, kept, changes } = cacheOf();
  for (const name of ["a", "b", "c", "d", "e"]) cache.set(object("full", name));
  cache.set(object("other", "a"));
  assert.deepEqual(kept(), ["full/a", "full/b", "full/c?", "other/a"]);
  assert.deepEqual([...cache.overfull], ["full"]);
  assert.deepEqual(changes, ["full/a added", "full/b added", "full/c added", "other/a added"]);
});

test("the identity of an object that does not fit says all that a status is written by, and nothing that takes room", () => {
  const { cache } = cacheOf({ ...perNamespace, maxObjects: 0 });
  cache.set({ apiVersion: "example.com/v1", ...object("full", "a", { pad: 500 }) } as KubeObject);
  assert.deepEqual(JSON.parse(JSON.stringify(cache.objects.get("full/a"))), {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "a", namespace: "full", uid: "full-a", resourceVersion: "1" },
  });
  assert.ok(Object.isFrozen(cache.objects.get("full/a")?.metadata));
});

test("a cache counts bytes as well: an object that outgrows its namespace loses its content, and has it again when it shrinks", () => {
  const { cache, kept, changes } = cacheOf();
  cache.set(object("full", "a", { pad: 100 }));
  cache.set(object("full", "a", { pad: 2000, version: 2 }));
  assert.deepEqual([kept(), [...cache.overfull]], [["full/a?"], ["full"]]);
  cache.set(object("full", "a", { pad: 10, version: 3 }));
  assert.deepEqual([kept(), [...cache.overfull]], [["full/a"], []]);
  assert.deepEqual(changes, ["full/a added", "full/a modified", "full/a modified"]);
});

test("the last identity that stands for objects which are not kept goes only with a list", () => {
  const { cache, kept } = cacheOf();
  for (const name of ["a", "b", "c", "d"]) cache.set(object("full", name));
  cache.delete(object("full", "c"));
  assert.deepEqual(kept(), ["full/a", "full/b", "full/c?"], "d is there and not seen: a reader has to know that something is");
  const list = new ObjectList({ collection, maxObjects: 100, perNamespace });
  for (const name of ["a", "d"]) list.set(object("full", name));
  cache.replace(list);
  assert.deepEqual([kept(), [...cache.overfull]], [["full/a", "full/d"], []]);
});

test("an object that has lost its content has it again by a list that has room, though it has not changed", () => {
  const { cache, kept, changes } = cacheOf();
  for (const name of ["a", "b", "c"]) cache.set(object("full", name));
  const list = new ObjectList({ collection, maxObjects: 100, perNamespace });
  for (const name of ["b", "c"]) list.set(object("full", name));
  cache.replace(list);
  assert.deepEqual(kept(), ["full/b", "full/c"]);
  assert.deepEqual(changes.slice(3), ["full/a deleted", "full/c modified"], "b is as it was and stays unmentioned");
});

test("a cache without limits keeps everything", () => {
  const { cache, kept } = cacheOf(undefined);
  const unlimited = new ObjectCache({ collection, maxObjects: 100, changed: () => {} });
  for (let index = 0; index < 50; index += 1) unlimited.set(object("full", `${index}`, { pad: 1000 }));
  assert.deepEqual([unlimited.objects.size, unlimited.overfull.size, cache.objects.size, kept()], [50, 0, 0, []]);
});

const step = fc.record({
  do: fc.constantFrom("set" as const, "set" as const, "delete" as const, "list" as const),
  namespace: fc.constantFrom("one", "two"),
  name: fc.constantFrom("a", "b", "c", "d", "e"),
  pad: fc.nat({ max: 700 }),
});

test("whatever happens in a namespace, its bounds hold, what is missing shows, and no other namespace is the poorer for it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { cache } = cacheOf();
      const truth = new Map<string, KubeObject>();
      let version = 1;
      for (const { do: what, namespace, name, pad } of steps) {
        version += 1;
        const key = `${namespace}/${name}`;
        const known = truth.get(key);
        if (what === "set") {
          truth.set(key, object(namespace, name, { version, pad }));
          cache.set(truth.get(key) ?? object(namespace, name));
        } else if (what === "delete" && known !== undefined) {
          truth.delete(key);
          cache.delete(known);
        } else if (what === "list") {
          const list = new ObjectList({ collection, maxObjects: 100, perNamespace });
          for (const present of truth.values()) list.set(present);
          cache.replace(list);
        }
        for (const space of ["one", "two"]) {
          const kept = [...cache.objects].filter(([of]) => of.startsWith(`${space}/`));
          const whole = kept.filter(([, value]) => "spec" in value);
          assert.ok(whole.length <= perNamespace.maxObjects);
          assert.ok(JSON.stringify(whole).length < 3 * perNamespace.maxBytes);
          assert.ok(kept.length - whole.length <= perNamespace.maxPlaceholders);
          for (const [of, value] of whole) assert.equal(value, truth.get(of), "an object is kept as it is now, or not at all");
          const all = [...truth.keys()].filter((of) => of.startsWith(`${space}/`));
          const isComplete = all.every((of) => whole.some(([present]) => present === of));
          if (!isComplete) assert.deepEqual([cache.overfull.has(space), kept.length > whole.length], [true, true]);
        }
      }
    }),
    { numRuns: 300 },
  );
});
