import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { apply, dockerSecret, eventually, installed, type Operator, options, startOperator } from "./fixture.ts";
import { operatorRequests } from "./scene.ts";

const apiVersion = "countersign.dev/v1alpha1";
const [binding] = parseAllDocuments(readFileSync(new URL("../../config/samples/tenant/role-binding.yaml", import.meta.url), "utf8")).map(
  (document) => document.toJS() as { readonly metadata: object },
);

/** The sample, in another namespace. */
const bindingIn = (namespace: string): object => ({ ...binding, metadata: { ...binding?.metadata, namespace } });
const namespaceOf = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { team: name } } });
const secretIn = (namespace: string, name: string): object => {
  const secret = dockerSecret(name, { "ghcr.io": { username: "u", password: "p" } }) as { readonly metadata: object };
  return { ...secret, metadata: { ...secret.metadata, namespace } };
};
const providerIn = (namespace: string, name: string): object => ({
  apiVersion,
  kind: "NamespacedAuthProvider",
  metadata: { name, namespace },
  spec: { registries: ["ghcr.io"], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } },
});

let plane: ControlPlane;
let operator: Operator;
const has = (kind: string, key: string): boolean => operator.cluster.source.objects(kind).has(key);

before(async () => {
  if (options.skip !== false) return;
  plane = await installed();
  await apply(plane, ...["team-a", "team-b", "team-c"].map(namespaceOf));
  const inEach = (namespace: string): readonly object[] => [secretIn(namespace, "reader"), providerIn(namespace, "own")];
  await apply(plane, ...inEach("team-a"), ...inEach("team-b"), secretIn("team-c", "reader"), bindingIn("team-b"));
  operator = await startOperator(plane);
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await plane?.[Symbol.asyncDispose]();
});

test("the operator starts with what a namespace has bound it to, and without what another has not", options, () => {
  const { source } = operator.cluster;
  assert.deepEqual([has("Secret", "team-b/reader"), has("Secret", "team-a/reader")], [true, false]);
  assert.deepEqual([source.denied("Secret", "team-b"), source.denied("Secret", "team-a")], [undefined, "Forbidden"]);
  assert.deepEqual(
    [...source.objects("NamespacedAuthProvider").keys()].toSorted(),
    ["team-a/own", "team-b/own"],
    "its objects are there all the same",
  );
  const { metadata } = source.objects("Namespace").get("team-a") as { readonly metadata: { readonly labels: { readonly team?: string } } };
  assert.equal(metadata.labels.team, "team-a");
  assert.deepEqual(
    source.health().flatMap(({ kind, failure }) => (failure === undefined ? [] : [kind])),
    [],
    "nothing of it is a failure of the replica",
  );
});

/** Why an AuthProvider of a namespace is not ready, or that it is. */
const readiness = async (namespace: string, name: string): Promise<string> => {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}';
  return plane.kubectlOk(["get", "namespacedauthproviders.countersign.dev", name, "--namespace", namespace, "-o", path]);
};

test(
  "the status of an object in an unbound namespace says which role to bind, and that of one in a bound namespace is True",
  options,
  async () => {
    const refusal = "False The operator may not read Secrets in namespace team-a: bind ClusterRole countersign-tenant-secrets to it there";
    await eventually("team-a's status", async () => (await readiness("team-a", "own")).toLowerCase() === refusal.toLowerCase());
    await eventually("team-b's status", async () => (await readiness("team-b", "own")).startsWith("True "));
  },
);

test("what happens in another namespace is seen meanwhile", options, async () => {
  await apply(plane, secretIn("team-b", "later"), providerIn("team-b", "later"));
  await eventually("team-b's objects", () => has("Secret", "team-b/later") && has("NamespacedAuthProvider", "team-b/later"));
});

test("a role bound later makes the Secret appear, within the backoff and without a restart", options, async () => {
  assert.equal(operator.cluster.source.denied("Secret", "team-a"), "Forbidden");
  await apply(plane, bindingIn("team-a"));
  await eventually("team-a's Secret", () => has("Secret", "team-a/reader"), 70_000);
  assert.equal(operator.cluster.source.denied("Secret", "team-a"), undefined);
  await eventually("team-a's status", async () => (await readiness("team-a", "own")).startsWith("True "));
  await apply(plane, secretIn("team-a", "later"));
  await eventually("a later Secret of team-a", () => has("Secret", "team-a/later"));
});

test(
  "a namespace whose objects need nothing is not asked for, and no namespace's Secrets by way of the whole cluster",
  options,
  async () => {
    const entries = (await operatorRequests(plane)).map(({ entry }) => entry.objectRef);
    const asked = new Set(entries.flatMap((ref) => (ref?.resource === "secrets" ? [ref.namespace ?? "the whole cluster"] : [])));
    assert.deepEqual([...asked].toSorted(), ["countersign-system", "team-a", "team-b"]);
    const others = entries.filter((ref) => ref?.resource === "configmaps" || ref?.resource === "serviceaccounts");
    assert.deepEqual([...new Set(others.map((ref) => ref?.namespace))], ["countersign-system"]);
  },
);

test(
  "objects that go take their namespace's Secrets with them only after a while, and one that comes back finds them",
  options,
  async () => {
    for (const name of ["own", "later"])
      await plane.kubectlOk(["delete", "namespacedauthproviders.countersign.dev", name, "--namespace", "team-b"]);
    await eventually("team-b's objects are gone", () => !has("NamespacedAuthProvider", "team-b/own"));
    assert.equal(has("Secret", "team-b/reader"), true);
    await apply(plane, providerIn("team-b", "own"));
    await eventually("team-b's object", () => has("NamespacedAuthProvider", "team-b/own"));
    assert.equal(has("Secret", "team-b/reader"), true);
    const watches = (await operatorRequests(plane)).filter(
      ({ entry, text }) => text === "watchlist secrets" && entry.objectRef?.namespace === "team-b",
    );
    assert.equal(watches.length, 1);
  },
);
