import assert from "node:assert/strict";
import { test } from "node:test";
import { kindTable } from "../../src/api/kinds.ts";
import { kinds } from "../../src/api/object.ts";
import type { Schema } from "../../src/api/schema.ts";
import { materialNeeds, retainUsable } from "../../src/app/material-needs.ts";
import { materialKinds } from "../../src/snapshot/material.ts";

const needsOf = (spec: unknown): string => [...materialNeeds({ spec })].toSorted().join();

for (const { name, spec, needs } of [
  { name: "a Store that names no other object", spec: { type: "registry", scopes: ["ghcr.io/secret-project"] }, needs: "" },
  {
    name: "a Store with a CA bundle",
    spec: { type: "registry", registry: { caBundleRef: { kind: "ConfigMap", name: "a", key: "b" } } },
    needs: "ConfigMap",
  },
  { name: "a Secret", spec: { type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "a" } } }, needs: "Secret" },
  {
    name: "a ServiceAccount, and the Secrets that it lists",
    spec: { type: "serviceAccount", serviceAccount: { serviceAccountRef: { name: "a" } } },
    needs: "Secret,ServiceAccount",
  },
  { name: "a type that is complete without its field", spec: { type: "serviceAccount" }, needs: "Secret,ServiceAccount" },
  { name: "a reference in a list", spec: { keys: [{ name: "a" }, { configMapRef: { name: "a" } }] }, needs: "ConfigMap" },
  { name: "an inline key", spec: { type: "inline", inline: { keys: [{ name: "secret", publicKey: "x" }] } }, needs: "" },
]) {
  test(`materialNeeds() is "${needs}" for ${name}`, () => {
    assert.equal(needsOf(spec), needs);
  });
}

test("materialNeeds() takes whatever there is for an object", () => {
  for (const hostile of [undefined, null, 7, "secretRef", [], {}, { spec: null }, { spec: [[["x"]]] }]) {
    assert.equal(materialNeeds(hostile).size, 0);
  }
  let deep: unknown = { secretRef: {} };
  for (let depth = 0; depth < 20_000; depth += 1) deep = { deeper: deep };
  assert.equal(needsOf(deep), "Secret");
});

/** Every reference that a schema knows, as a spec that holds it alone, and the kind that it names. */
function referencesOf(schema: Schema, wrap: (value: unknown) => unknown): { readonly spec: unknown; readonly kind: string }[] {
  if (schema.type === "array") return referencesOf(schema.items, (value) => wrap([value]));
  if (schema.type !== "object") return [];
  return Object.entries(schema.fields).flatMap(([field, member]) => {
    const at = (value: unknown): unknown => wrap({ [field]: value });
    const deeper = referencesOf(member, at);
    if (!/Refs?$/.test(field)) return deeper;
    const target = member.type === "array" ? member.items : member;
    assert.ok(target.type === "object", field);
    const { kind, name } = target.fields;
    const named = kind?.type === "string" ? (kind.choices ?? []) : [/\b(?:the|an?) (\w+)/.exec(name?.description ?? "")?.[1] ?? ""];
    const one = (of: string): unknown => ({ ...(kind !== undefined && { kind: of }), name: "x" });
    return [...deeper, ...named.map((of) => ({ spec: at(member.type === "array" ? [one(of)] : one(of)), kind: of }))];
  });
}

test("materialNeeds() finds every reference of every schema", () => {
  const known: readonly string[] = [...materialKinds, ...Object.keys(kindTable)];
  const references = kinds.flatMap((kind) => [
    ...referencesOf(kindTable[kind].spec, (value) => value),
    ...referencesOf(kindTable[`Namespaced${kind}`].spec, (value) => value),
  ]);
  for (const { spec, kind } of references) {
    assert.ok(known.includes(kind), `${kind} of ${JSON.stringify(spec)} is a kind`);
    if (materialKinds.some((material) => material === kind)) assert.ok(materialNeeds({ spec }).has(kind), JSON.stringify(spec));
  }
  const found = new Set(references.map(({ kind }) => kind));
  for (const kind of materialKinds) assert.ok(found.has(kind), `some schema refers to a ${kind}`);
});

test("retainUsable() drops the data of Secrets that are of no use, and leaves all others as they are", () => {
  const secret = (type: string): Record<string, unknown> => ({ metadata: { name: "s" }, type, data: { a: "eA==" } });
  for (const type of ["helm.sh/release.v1", "kubernetes.io/service-account-token"])
    assert.deepEqual(retainUsable(secret(type)), { metadata: { name: "s" }, type });
  for (const type of ["Opaque", "kubernetes.io/dockerconfigjson", "kubernetes.io/basic-auth", "kubernetes.io/tls"])
    assert.deepEqual(retainUsable(secret(type)), secret(type));
});
