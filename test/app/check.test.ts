import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEntries } from "../../src/app/check.ts";
import { Withheld } from "../../src/snapshot/material.ts";
import { anonymous, cosign, fromSecret, inline, policy, refs, registry, World } from "../snapshot/fixture.ts";

test("checkEntries() has one entry per object, and one per defect of an object that is not accepted", () => {
  const world = new World();
  world.put("Store", "good", registry(["*"]));
  world.put("Store", "bad", { scopes: ["a.io", "ghcr.io/acme/*"], type: "registry", registry: { unknown: 1 } });
  world.put("AuthProvider", "older", anonymous("a.io"));
  world.put("AuthProvider", "younger", anonymous("a.io", "b.io"));
  world.put("Verifier", "v", cosign("gone"));
  world.put("KeyProvider", "k", inline);
  assert.deepEqual(
    checkEntries(world.compile()).map(({ kind, name, accepted, reason, path }) => [`${kind}/${name}`, accepted, reason, path]),
    [
      ["Store/bad", false, "InvalidSpec", "spec.scopes[1]"],
      ["Store/bad", false, "InvalidSpec", "spec.registry.unknown"],
      ["Store/good", true, "Valid", undefined],
      ["AuthProvider/older", true, "Valid", undefined],
      ["AuthProvider/younger", false, "PatternConflict", "spec.registries"],
      ["Verifier/v", false, "RefNotFound", "spec.cosign.keyProviderRefs[0]"],
      ["KeyProvider/k", true, "Valid", undefined],
    ],
  );
});

test("checkEntries() of a conflict says who keeps the pattern", () => {
  const world = new World();
  world.put("Store", "all", registry(["*"]));
  world.put("AuthProvider", "older", anonymous("a.io"));
  world.put("AuthProvider", "younger", anonymous("a.io"));
  assert.deepEqual(checkEntries(world.compile()).at(-1), {
    kind: "AuthProvider",
    name: "younger",
    accepted: false,
    reason: "PatternConflict",
    path: "spec.registries",
    message: 'pattern "a.io" is kept by the older AuthProvider/older',
  });
});

test("checkEntries() names everything that is referred to and is not there, of the cluster first", () => {
  const world = new World();
  const ca = { registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } } };
  world.put("Store", "s", registry(["*"], { ...refs("there", "gone"), ...ca }));
  world.put("AuthProvider", "there", { ...fromSecret("pull", "a.io"), allowedNamespaces: ["team-b"] });
  world.put("Verifier", "there", cosign("there", "gone"));
  world.put("KeyProvider", "there", inline);
  world.put("Policy", "p", policy(["a.io"], ["there", "gone"]));
  world.put("Policy", "q", { scopes: ["a.io"], require: [{ anyOf: [{ expression: "fine" }, { verifierRef: { name: "gone" } }] }] });
  world.put("NamespacedStore", "team-a/s", registry(["*"], { ...refs("AuthProvider/there", "gone"), ...ca }));
  world.put("NamespacedPolicy", "team-a/p", policy(["a.io"], ["Verifier/there", "Verifier/gone", "there"]));
  const found = (): readonly string[] =>
    checkEntries(world.compile()).flatMap(({ kind, namespace, name, accepted, path, message }) =>
      accepted ? [] : `${kind}/${namespace === undefined ? "" : `${namespace}/`}${name} ${path}: ${message}`,
    );
  const expected = [
    "Store/s spec.authProviderRefs[1]: AuthProvider/gone does not exist",
    "Store/s spec.registry: ConfigMap/ca does not exist",
    "NamespacedStore/team-a/s spec.authProviderRefs[0]: AuthProvider/there does not list namespace team-a in allowedNamespaces",
    "NamespacedStore/team-a/s spec.authProviderRefs[1]: NamespacedAuthProvider/team-a/gone does not exist",
    "NamespacedStore/team-a/s spec.registry: ConfigMap/team-a/ca does not exist",
    "AuthProvider/there spec.kubernetesSecret: Secret/pull does not exist",
    "Verifier/there spec.cosign.keyProviderRefs[1]: KeyProvider/gone does not exist",
    "Policy/p spec.require[1]: Verifier/gone does not exist",
    "Policy/q spec.require[0].anyOf[1]: Verifier/gone does not exist",
    "NamespacedPolicy/team-a/p spec.require[1]: Verifier/gone does not exist",
    "NamespacedPolicy/team-a/p spec.require[2]: NamespacedVerifier/team-a/there does not exist",
  ];
  assert.deepEqual(found(), expected);
  world.forge("ConfigMap/team-a/ca", new Withheld("Forbidden", "the operator may not read ConfigMaps here"));
  assert.ok(found().includes("NamespacedStore/team-a/s spec.registry: ConfigMap/team-a/ca cannot be read (Forbidden)"));
  world.putMaterial("Secret", "pull");
  for (const kind of ["ConfigMap/ca", "ConfigMap/team-a/ca"]) world.putMaterial("ConfigMap", kind.slice(10));
  assert.equal(found().filter((line) => /Secret|ConfigMap/.test(line)).length, 0);
});
