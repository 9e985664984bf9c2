import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { applyManifests } from "../../src/kube/apply-manifests.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { eventually } from "../support/kube-wire.ts";
import { clientOf, secrets, widgets } from "./fixture.ts";

const signal = AbortSignal.timeout(30_000);
const crds = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", kind: "CustomResourceDefinition" };
const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "widgets.example.com" } };

async function scene(t: TestContext) {
  const api = await FakeKubeApi.start({ resources: [widgets, secrets, crds] });
  t.after(() => api.close());
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  t.after(() => client.close());
  return { api, clock, options: { client, clock, fieldManager: "installer" } };
}

test("applyManifests() finds where each kind lives, and gives namespaced objects a namespace", async (t) => {
  const { api, options } = await scene(t);
  const applied = await applyManifests(
    [
      { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "there" } },
    ],
    options,
    signal,
  );
  assert.deepEqual(applied, [
    { kind: "Widget", name: "w" },
    { kind: "Secret", name: "s", namespace: "here" },
    { kind: "Secret", name: "s", namespace: "there" },
  ]);
  assert.deepEqual(
    api.requests.filter(({ verb }) => verb === "patch").map(({ path, query, headers }) => [path, query, headers["content-type"]]),
    ["/apis/example.com/v1/widgets/w", "/api/v1/namespaces/here/secrets/s", "/api/v1/namespaces/there/secrets/s"].map((path) => [
      path,
      { fieldManager: "installer", force: "true" },
      "application/apply-patch+yaml",
    ]),
  );
});

test("applyManifests() waits until a CustomResourceDefinition is established", async (t) => {
  const { api, clock, options } = await scene(t);
  const applied = applyManifests([crd], options, signal);
  await eventually(() => api.count("get") === 1 && clock.pending === 2);
  api.put("customresourcedefinitions", {
    metadata: { name: "widgets.example.com" },
    status: { conditions: [{ type: "Established", status: "True" }] },
  });
  await clock.advance(200);
  assert.deepEqual(await applied, [{ kind: "CustomResourceDefinition", name: "widgets.example.com" }]);
});

test("applyManifests() gives up on a CustomResourceDefinition that is never established", async (t) => {
  const { api, clock, options } = await scene(t);
  const late = assert.rejects(applyManifests([crd], { ...options, timeoutMs: 300 }, signal), { code: "KUBE_TIMEOUT" });
  await eventually(() => api.count("get") === 1 && clock.pending === 2);
  await clock.advance(300);
  await late;
});

test("applyManifests() waits for a kind that is not served yet, and says so when it never is", async (t) => {
  const { api, clock, options } = await scene(t);
  api.fail("discovery", { status: 200, body: { resources: [] } });
  const applied = applyManifests([{ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } }], options, signal);
  await eventually(() => api.count("discovery") === 1 && clock.pending === 2);
  await clock.advance(200);
  await applied;
  const never = assert.rejects(
    applyManifests([{ apiVersion: "nowhere/v1", kind: "Gadget", metadata: { name: "g" } }], { ...options, timeoutMs: 100 }, signal),
    {
      code: "KUBE_MANIFEST_INVALID",
      message: `${api.url} has no kind "Gadget" in nowhere/v1`,
    },
  );
  await eventually(() => api.count("discovery") === 3 && clock.pending === 2);
  await clock.advance(100);
  await never;
});

for (const object of [
  null,
  {},
  { apiVersion: "v1", kind: "Secret" },
  { apiVersion: "v1", kind: "Secret", metadata: { generateName: "s-" } },
]) {
  test(`applyManifests() refuses ${JSON.stringify(object)}`, async (t) => {
    const { api, options } = await scene(t);
    await assert.rejects(applyManifests([object], options, signal), { code: "KUBE_MANIFEST_INVALID" });
    assert.equal(api.requests.length, 0);
  });
}
