import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { baseKind, decodeMeta, objectId, objectKey, resolveRef, resourceKind, resourceKinds, toRef } from "../../src/api/object.ts";

describe("decodeMeta()", () => {
  it("reads what the API server writes", () => {
    const metadata = {
      name: "a",
      namespace: "b",
      uid: "u",
      generation: 7,
      resourceVersion: "12",
      creationTimestamp: "2026-11-24T15:46:59Z",
    };
    assert.deepEqual(decodeMeta({ kind: "Store", metadata }), {
      name: "a",
      namespace: "b",
      uid: "u",
      generation: 7,
      resourceVersion: "12",
      creationTime: Date.parse("2026-11-24T15:46:59Z"),
    });
  });
  it("gives a manifest from a file a uid made from kind and name", () => {
    assert.deepEqual(decodeMeta({ kind: "Store", metadata: { name: "a" } }), {
      name: "a",
      uid: "Store/a",
      generation: 1,
      resourceVersion: "",
      creationTime: 0,
    });
  });
  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (raw, metadata) =>
        assert.equal(typeof decodeMeta(raw).name + typeof decodeMeta({ metadata }).uid, "stringstring"),
      ),
    );
  });
});

describe("objectKey()", () => {
  it("names an object by kind, namespace and name", () => {
    assert.deepEqual(
      [objectKey("Store", { name: "a" }), objectKey("Policy", { name: "a", namespace: "b" })],
      ["Store/a", "NamespacedPolicy/b/a"],
    );
  });
});

describe("resourceKinds", () => {
  it("are the five kinds, each with its twin", () => {
    assert.deepEqual(resourceKinds, [
      "Store",
      "NamespacedStore",
      "AuthProvider",
      "NamespacedAuthProvider",
      "Verifier",
      "NamespacedVerifier",
      "KeyProvider",
      "NamespacedKeyProvider",
      "Policy",
      "NamespacedPolicy",
    ]);
  });
  it("lead back to their base kind, and forth again by whether there is a namespace", () => {
    for (const kind of resourceKinds) {
      const base = baseKind(kind);
      assert.equal(resourceKind(base, kind === base ? undefined : "team-a"), kind);
    }
  });
});

describe("resolveRef()", () => {
  const table: readonly (readonly [string, string, string | undefined, string])[] = [
    ["a cluster-scoped object, from a cluster-scoped one", toRef("acr", "Cluster"), undefined, "acr"],
    ["a cluster-scoped object, from a namespace", toRef("acr", "Cluster"), "team-a", "acr"],
    ["an object of the referrer's own namespace", toRef("acr", "Namespaced"), "team-a", "team-a/acr"],
    ["what a cluster-scoped object cannot mean, as no object at all", "./acr", undefined, "./acr"],
  ];
  for (const [name, ref, namespace, id] of table) {
    it(`finds ${name}`, () => assert.equal(resolveRef(ref, namespace), id));
  }
  it("finds what objectId() calls the object", () => {
    assert.equal(resolveRef(toRef("acr", "Namespaced"), "team-a"), objectId({ name: "acr", namespace: "team-a" }));
  });
});
