import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { group, kindTable, type KindRow } from "../../src/api/kinds.ts";

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly rules?: readonly Rule[];
  readonly aggregationRule?: unknown;
  readonly roleRef?: { readonly name: string };
}
const directory = new URL("../../config/rbac/", import.meta.url);
const manifests = readdirSync(directory)
  .filter((name) => name !== "kustomization.yaml")
  .flatMap((name) => parseAllDocuments(readFileSync(new URL(name, directory), "utf8")).map((document) => document.toJS() as Manifest));
const roles = manifests.filter(({ kind }) => kind === "ClusterRole");
/** Whom the API server adds a role to: `view`, `edit` or `admin`. */
const aggregatedTo = ({ metadata }: Manifest): readonly string[] =>
  Object.keys(metadata.labels ?? {}).flatMap((label) => label.split("rbac.authorization.k8s.io/aggregate-to-").slice(1));
const aggregated = roles.filter((role) => aggregatedTo(role).length > 0);
const rows: readonly KindRow[] = Object.values(kindTable);
const plurals = (scope: KindRow["scope"]): readonly string[] => rows.filter((row) => row.scope === scope).map(({ plural }) => plural);

function role(name: string): Manifest {
  const found = roles.find(({ metadata }) => metadata.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

describe("config/rbac", () => {
  it("adds nothing to what people have in a namespace but the namespaced kinds: no cluster-scoped kind, no status, no Secret, no wildcard", () => {
    for (const { metadata, rules = [], aggregationRule } of aggregated) {
      assert.equal(aggregationRule, undefined, metadata.name);
      for (const { apiGroups, resources, verbs } of rules) {
        assert.deepEqual(apiGroups, [group], metadata.name);
        assert.deepEqual(resources, plurals("Namespaced"), metadata.name);
        assert.equal(verbs.includes("*"), false, metadata.name);
      }
    }
  });

  const read = ["get", "list", "watch"];
  const write = [...read, "create", "update", "patch", "delete"];
  const table: readonly (readonly [string, readonly string[], KindRow["scope"], readonly string[]])[] = [
    ["countersign-namespaced-viewer", ["view"], "Namespaced", read],
    ["countersign-namespaced-editor", ["edit"], "Namespaced", write],
    ["countersign-namespaced-admin", ["admin"], "Namespaced", [...write, "deletecollection"]],
    ["countersign-viewer", [], "Cluster", read],
    ["countersign-editor", [], "Cluster", write],
  ];
  for (const [name, to, scope, verbs] of table) {
    it(`has ${name} for every kind of its scope`, () => {
      assert.deepEqual(aggregatedTo(role(name)), to);
      assert.deepEqual(role(name).rules, [{ apiGroups: [group], resources: plurals(scope), verbs }]);
    });
  }
  it("aggregates these and no others", () => {
    assert.deepEqual(
      aggregated.map(({ metadata }) => metadata.name),
      table.filter(([, to]) => to.length > 0).map(([name]) => name),
    );
  });
  it("binds none of them: whom the cluster trusts is not for us to say", () => {
    const bound = manifests.flatMap(({ roleRef }) => roleRef?.name ?? []);
    assert.ok(bound.length > 0);
    assert.deepEqual(
      bound.filter((name) => table.some(([user]) => user === name)),
      [],
    );
  });
});
