import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { listObjects } from "../../src/kube/list.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { clientOf, secrets, widgets } from "./fixture.ts";

const signal = AbortSignal.timeout(30_000);
const options = { collection: { resource: widgets }, maxObjects: 1000 };

async function scene(t: TestContext, count: number) {
  const api = await FakeKubeApi.start({ resources: [widgets, secrets] });
  t.after(() => api.close());
  for (let index = 0; index < count; index += 1) api.put("widgets", { metadata: { name: `w${index}` }, pad: "x".repeat(1000) });
  const client = await clientOf(api, { clock: new ManualClock() });
  t.after(() => client.close());
  return { api, client };
}

test("listObjects() reads page after page, and never asks for a state of its own", async (t) => {
  const { api, client } = await scene(t, 25);
  const listed = await listObjects(client, { ...options, pageSize: 10 }, signal);
  assert.deepEqual([listed.objects.size, listed.resourceVersion], [25, api.revision]);
  assert.deepEqual(
    api.requests.map(({ query }) => [query["limit"], "resourceVersion" in query]),
    [
      ["10", false],
      ["10", false],
      ["10", false],
    ],
  );
});

test("listObjects() begins again, once, when the state that its pages were cut from is gone", async (t) => {
  const { api, client } = await scene(t, 15);
  api.fail("list", {
    status: 200,
    body: { metadata: { resourceVersion: "1", continue: Buffer.from("1 x").toString("base64") }, items: [] },
  });
  api.compact();
  assert.equal((await listObjects(client, { ...options, pageSize: 10 }, signal)).objects.size, 15);
  assert.equal(api.count("list"), 4);
});

test("listObjects() asks for smaller pages when one is too large", async (t) => {
  const { api, client } = await scene(t, 12);
  assert.equal((await listObjects(client, { ...options, pageSize: 8, maxPageBytes: 4000 }, signal)).objects.size, 12);
  assert.deepEqual(new Set(api.requests.map(({ query }) => query["limit"])), new Set(["8", "2"]));
});

test("listObjects() reads one namespace by name, and several by namespace and name", async (t) => {
  const { api, client } = await scene(t, 0);
  for (const namespace of ["one", "two"]) api.put("secrets", { metadata: { name: "s", namespace } });
  const one = await listObjects(client, { collection: { resource: secrets, namespace: "one" }, maxObjects: 10 }, signal);
  const all = await listObjects(client, { collection: { resource: secrets, namespace: "*" }, maxObjects: 10 }, signal);
  assert.deepEqual([[...one.objects.keys()], [...all.objects.keys()]], [["s"], ["one/s", "two/s"]]);
  assert.deepEqual(
    api.requests.map(({ path }) => path),
    ["/api/v1/namespaces/one/secrets", "/api/v1/secrets"],
  );
});

for (const row of [
  { name: "no list at all", body: [1], code: "KUBE_PROTOCOL_VIOLATION" },
  { name: "a list without a state", body: { items: [], metadata: {} }, code: "KUBE_PROTOCOL_VIOLATION" },
  {
    name: "an object without a uid",
    body: { items: [{ metadata: { name: "a", resourceVersion: "1" } }], metadata: { resourceVersion: "1" } },
    code: "KUBE_PROTOCOL_VIOLATION",
  },
  { name: "an object without anything", body: { items: [null], metadata: { resourceVersion: "1" } }, code: "KUBE_PROTOCOL_VIOLATION" },
]) {
  test(`listObjects() refuses ${row.name}`, async (t) => {
    const { api, client } = await scene(t, 1);
    api.fail("list", { status: 200, body: row.body });
    await assert.rejects(listObjects(client, options, signal), { code: row.code });
  });
}

test("listObjects() takes null for an empty list, and refuses pages that go in circles, and more objects than it may hold", async (t) => {
  const { api, client } = await scene(t, 3);
  api.fail("list", { status: 200, body: { items: null, metadata: { resourceVersion: "5" } } });
  const { objects, resourceVersion } = await listObjects(client, options, signal);
  assert.deepEqual({ objects, resourceVersion }, { objects: new Map(), resourceVersion: "5" });
  const circle = { status: 200, body: { items: [], metadata: { resourceVersion: "5", continue: "again" } } };
  api.fail("list", circle, circle);
  await assert.rejects(listObjects(client, options, signal), { code: "KUBE_PROTOCOL_VIOLATION" });
  await assert.rejects(listObjects(client, { ...options, maxObjects: 2 }, signal), { code: "KUBE_LIMIT_EXCEEDED" });
});
