import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeMeta, objectKey } from "../../src/api/object.ts";

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
    assert.deepEqual([objectKey("Store", { name: "a" }), objectKey("Secret", { name: "a", namespace: "b" })], ["Store/a", "Secret/b/a"]);
  });
});
