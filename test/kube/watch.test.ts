import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KubeError } from "../../src/kube/kube-error.ts";
import { takeObject } from "../../src/kube/object.ts";
import { decodeEvent } from "../../src/kube/watch.ts";
import { statusBody } from "../support/kube-wire.ts";

const metadata = { name: "a", uid: "u", resourceVersion: "7" };
const line = (type: string, object: unknown): string => JSON.stringify({ type, object });

for (const type of ["ADDED", "MODIFIED", "DELETED"]) {
  test(`decodeEvent() reads ${type}`, () => {
    assert.deepEqual(decodeEvent(line(type, { metadata, spec: 1 })), { type, object: { metadata, spec: 1 } });
  });
}

for (const row of [
  { name: "as it is", object: { metadata: { resourceVersion: "9" } }, ends: false },
  {
    name: "that ends the initial events",
    object: { metadata: { resourceVersion: "9", annotations: { "k8s.io/initial-events-end": "true" } } },
    ends: true,
  },
  {
    name: "whose annotation says something else",
    object: { metadata: { resourceVersion: "9", annotations: { "k8s.io/initial-events-end": true } } },
    ends: false,
  },
]) {
  test(`decodeEvent() reads a bookmark ${row.name}`, () => {
    assert.deepEqual(decodeEvent(line("BOOKMARK", row.object)), { type: "BOOKMARK", resourceVersion: "9", endsInitialEvents: row.ends });
  });
}

test("decodeEvent() throws an ERROR with all that its Status says", () => {
  const object = statusBody(504, "Timeout", "Too large\nresource version", {
    causes: [{ reason: "ResourceVersionTooLarge" }],
    retryAfterSeconds: 1,
  });
  assert.throws(() => decodeEvent(line("ERROR", object)), {
    code: "KUBE_REFUSED",
    message: "The watch was ended with 504: Too large resource version",
    status: 504,
    reason: "Timeout",
    causes: ["ResourceVersionTooLarge"],
    retryAfterMs: 1000,
  });
});

for (const row of [
  { name: "half an event", line: '{"type":"ADDED"' },
  { name: "no object", line: "[]" },
  { name: "null", line: "null" },
  { name: "an unknown type", line: line("RENAMED", { metadata }) },
  { name: "an event without an object", line: '{"type":"ADDED"}' },
  { name: "an object without a name", line: line("ADDED", { metadata: { ...metadata, name: "" } }) },
  { name: "an object whose uid is a number", line: line("ADDED", { metadata: { ...metadata, uid: 7 } }) },
  { name: "an object whose namespace is none", line: line("ADDED", { metadata: { ...metadata, namespace: 7 } }) },
  { name: "an object that is a list", line: line("ADDED", [metadata]) },
  { name: "a bookmark without a state", line: line("BOOKMARK", { metadata: {} }) },
  { name: "what nests a hundred thousand deep", line: `${"[".repeat(100_000)}${"]".repeat(100_000)}` },
]) {
  test(`decodeEvent() refuses ${row.name}`, () => {
    assert.throws(() => decodeEvent(row.line), { code: "KUBE_PROTOCOL_VIOLATION" });
  });
}

test("decodeEvent() gives an event or throws a KubeError, whatever the line", () => {
  const event = fc.record({ type: fc.constantFrom("ADDED", "BOOKMARK", "ERROR", "x"), object: fc.jsonValue() });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        event.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        try {
          decodeEvent(text);
        } catch (error) {
          assert.ok(error instanceof KubeError);
        }
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 2000 },
  );
});

test("takeObject() drops what other writers need, and freezes the rest however deep, without touching a prototype", () => {
  const deep = JSON.parse(
    `{"metadata":${JSON.stringify({ ...metadata, managedFields: [{}], annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", kept: "x" } })},"spec":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)},"__proto__":{"polluted":true}}`,
  ) as unknown;
  const object = takeObject(deep);
  assert.deepEqual(object.metadata, { ...metadata, annotations: { kept: "x" } });
  assert.ok(Object.isFrozen((object as unknown as { spec: { a: unknown } }).spec.a));
  assert.equal("polluted" in {}, false);
});
