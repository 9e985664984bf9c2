import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { applyStatus, KubeStatusSink, sameStatus } from "../../src/kube/status-apply.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { clientOf, widgets } from "./fixture.ts";

const signal = AbortSignal.timeout(30_000);

async function scene(t: TestContext) {
  const api = await FakeKubeApi.start({ resources: [widgets] });
  t.after(() => api.close());
  const client = await clientOf(api, { clock: new ManualClock() });
  t.after(() => client.close());
  const created = api.put("widgets", { metadata: { name: "a" }, spec: { size: 1 } });
  const { resourceVersion } = created["metadata"] as { resourceVersion: string };
  const target = { client, collection: { resource: widgets }, fieldManager: "test-manager" };
  return { api, client, target, resourceVersion };
}

test("applyStatus() applies on /status, by force and as the state that was judged, and gives the echo", async (t) => {
  const { api, target, resourceVersion } = await scene(t);
  const applied = await applyStatus(target, { name: "a", resourceVersion, status: { ready: true } }, signal);
  assert.deepEqual(applied, { outcome: "applied", echo: { ready: true }, resourceVersion: api.revision });
  const [request] = api.requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.query, request?.headers["content-type"], JSON.parse(request?.body ?? "")],
    [
      "PATCH",
      "/apis/example.com/v1/widgets/a/status",
      { fieldManager: "test-manager", force: "true" },
      "application/apply-patch+yaml",
      { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a", resourceVersion }, status: { ready: true } },
    ],
  );
});

test("applyStatus() is a conflict when the object has changed, or was recreated under its name", async (t) => {
  const { api, target, resourceVersion } = await scene(t);
  api.put("widgets", { metadata: { name: "a" }, spec: { size: 2 } });
  assert.deepEqual(await applyStatus(target, { name: "a", resourceVersion, status: {} }, signal), { outcome: "conflict" });
  api.remove("widgets", "a");
  api.put("widgets", { metadata: { name: "a" } });
  assert.deepEqual(await applyStatus(target, { name: "a", resourceVersion, status: {} }, signal), { outcome: "conflict" });
});

test("applyStatus() says gone for a missing object, and throws for a missing kind", async (t) => {
  const { api, target, resourceVersion } = await scene(t);
  api.remove("widgets", "a");
  assert.deepEqual(await applyStatus(target, { name: "a", resourceVersion, status: {} }, signal), { outcome: "gone" });
  api.fail("patch-status", { status: 404, body: "404 page not found" });
  await assert.rejects(applyStatus(target, { name: "a", resourceVersion, status: {} }, signal), { code: "KUBE_REFUSED", status: 404 });
});

test("applyStatus() throws for a member that an older schema does not know: an apply is refused whole, nothing is pruned", async (t) => {
  const { api, target, resourceVersion } = await scene(t);
  api.undeclared = ["novelty"];
  const applied = applyStatus(target, { name: "a", resourceVersion, status: { ready: true, novelty: 1 } }, signal);
  await assert.rejects(applied, { code: "KUBE_REFUSED", status: 500, remedy: "retry" });
});

test("KubeStatusSink.apply() finds the collection by kind, and refuses one that was not named", async (t) => {
  const { client, resourceVersion } = await scene(t);
  const sink = new KubeStatusSink({ client, collections: [{ resource: widgets }], fieldManager: "m" });
  assert.equal((await sink.apply({ kind: "Widget", name: "a", resourceVersion, status: {} }, signal)).outcome, "applied");
  await assert.rejects(sink.apply({ kind: "Gadget", name: "a", resourceVersion, status: {} }, signal), { code: "INVARIANT_VIOLATED" });
});

for (const row of [
  { name: "equal objects, whatever the order of members", a: { x: 1, y: [1, { z: "s" }] }, b: { y: [1, { z: "s" }], x: 1 }, same: true },
  { name: "a member that is undefined and one that is absent", a: { x: 1, y: undefined }, b: { x: 1 }, same: true },
  { name: "a member that is null and one that is absent", a: { x: null }, b: {}, same: false },
  { name: "lists in another order", a: [1, 2], b: [2, 1], same: false },
  { name: "a list and an object with its indices", a: ["x"], b: { 0: "x" }, same: false },
  { name: "a longer list", a: [1], b: [1, 2], same: false },
  { name: "one more member", a: { x: 1 }, b: { x: 1, y: 2 }, same: false },
  { name: "a number and its text", a: { x: 1 }, b: { x: "1" }, same: false },
  { name: "a member of the prototype and none", a: { toString: 1 }, b: { valueOf: 1 }, same: false },
  { name: "no status and an empty one", a: undefined, b: {}, same: false },
  { name: "zero and minus zero, which JSON does not tell apart", a: 0, b: -0, same: true },
]) {
  test(`sameStatus() is ${row.same} for ${row.name}`, () => {
    assert.deepEqual([sameStatus(row.a, row.b), sameStatus(row.b, row.a)], [row.same, row.same]);
  });
}

test("sameStatus() agrees with a copy by way of JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      assert.equal(sameStatus(a, JSON.parse(JSON.stringify(a))), true);
      if (JSON.stringify(a) === JSON.stringify(b)) assert.equal(sameStatus(a, b), true);
    }),
    { numRuns: 200, interruptAfterTimeLimit: 2000 },
  );
});

test("KubeStatusSink writes to an object's own namespace, and refuses a namespace where there is none and the other way round", async (t) => {
  const gadgets = { group: "example.com", version: "v1", plural: "gadgets", kind: "Gadget", namespaced: true };
  const api = await FakeKubeApi.start({ resources: [widgets, gadgets] });
  t.after(() => api.close());
  const client = await clientOf(api, { clock: new ManualClock() });
  t.after(() => client.close());
  for (const namespace of ["team-a", "team-b"]) api.put("gadgets", { metadata: { name: "a", namespace } });
  const sink = new KubeStatusSink({
    client,
    collections: [{ resource: widgets }, { resource: gadgets, namespace: "*" }],
    fieldManager: "test-manager",
  });
  const write = { kind: "Gadget", name: "a", resourceVersion: "102", status: { ready: true } };
  const applied = await sink.apply({ ...write, namespace: "team-b" }, signal);
  assert.equal(applied.outcome, "applied");
  const [request] = api.requests;
  assert.deepEqual(
    [request?.path, JSON.parse(request?.body ?? "")],
    [
      "/apis/example.com/v1/namespaces/team-b/gadgets/a/status",
      {
        apiVersion: "example.com/v1",
        kind: "Gadget",
        metadata: { name: "a", namespace: "team-b", resourceVersion: "102" },
        status: { ready: true },
      },
    ],
  );
  await assert.rejects(sink.apply(write, signal), { code: "INVARIANT_VIOLATED" });
  await assert.rejects(sink.apply({ ...write, kind: "Widget", namespace: "team-a" }, signal), { code: "INVARIANT_VIOLATED" });
});
