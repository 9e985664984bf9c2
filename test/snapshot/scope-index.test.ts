import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesScope, parseScope, type Scope } from "../../src/oci/pattern.ts";
import { type Scoped, ScopeIndex } from "../../src/snapshot/scope-index.ts";
import { repositoryOf } from "./fixture.ts";

interface Entry extends Scoped {
  readonly version: number;
}
const texts = [
  "*",
  "a.io",
  "a.io/team",
  "a.io/team/app",
  "a.io:5000/team",
  "*.a.io",
  "docker.io/library",
  "docker.io",
  "127.0.0.1:5000",
  "b:443",
];
const images = [
  "a.io/team/app",
  "a.io/teams",
  "a.io:443/team/x",
  "a.io:5000/team",
  "x.a.io/team",
  "alpine",
  "127.0.0.1:5000/team",
  "b:443/x",
];

function entry(name: string, scopes: readonly string[], version: number): Entry {
  const [last = "", namespace] = name.split("/").toReversed();
  const meta = {
    name: last,
    ...(namespace !== undefined && { namespace }),
    uid: name,
    generation: 1,
    resourceVersion: "",
    creationTime: 0,
  };
  return { meta, scopes: scopes.map(toScope), version };
}
function toScope(text: string): Scope {
  const parsed = parseScope(text);
  if (!parsed.ok) throw new TypeError(parsed.message);
  return parsed.value;
}
const ids = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ meta, version }) => `${meta.namespace ?? ""}/${meta.name} ${version}`);

const step = fc.record({
  name: fc.constantFrom("one", "two", "team-a/one", "team-b/one", "three"),
  scopes: fc.option(fc.uniqueArray(fc.constantFrom(...texts), { minLength: 1, maxLength: 4 }), { nil: undefined }),
});

test("find() finds what a look at every entry finds, after any edits in any batches", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }), (batches) => {
      const all = new Map<string, Entry>();
      let index = new ScopeIndex<Entry>();
      let version = 0;
      for (const batch of batches) {
        const changes = batch.map(({ name, scopes }) => {
          version += 1;
          const before = all.get(name);
          const after = scopes === undefined ? undefined : entry(name, scopes, version);
          if (after === undefined) all.delete(name);
          else all.set(name, after);
          return { before, after };
        });
        index = index.with(changes);
        for (const image of images) {
          const repository = repositoryOf(image);
          const expected = [...all]
            .filter(([, { scopes }]) => scopes.some((scope) => matchesScope(scope, repository)))
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([, found]) => found);
          assert.deepEqual(ids(index.find(repository)), ids(expected), image);
        }
      }
      assert.equal(index.isEmpty, all.size === 0);
    }),
  );
});

test("with() leaves the index that it was asked of as it is, for readers in flight", () => {
  const one = entry("one", ["a.io/team", "*"], 1);
  const before = new ScopeIndex<Entry>().with([{ after: one }]);
  const after = before.with([{ before: one }, { after: entry("two", ["a.io"], 2) }]);
  const repository = repositoryOf("a.io/team/app");
  assert.deepEqual([ids(before.find(repository)), ids(after.find(repository))], [["/one 1"], ["/two 2"]]);
});
