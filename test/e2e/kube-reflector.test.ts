import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { type Clock, raceSignal, systemClock } from "../../src/kernel/clock.ts";
import { applyManifests } from "../../src/kube/apply-manifests.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import type { ReflectorLimits } from "../../src/kube/reflector-limits.ts";
import { KubeSource } from "../../src/kube/source.ts";
import { applyStatus } from "../../src/kube/status-apply.ts";
import { RecordingLogger, RecordingMetrics } from "../kube/fixture.ts";
import { type AuditEntry, type ControlPlane, startControlPlane } from "../support/real/control-plane.ts";
import { findTools } from "../tools/build.ts";

const tools = await findTools();
const options = { skip: tools === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 120_000 };
const signal = AbortSignal.timeout(300_000);
const widgets = { group: "test.example.com", version: "v1", plural: "widgets", kind: "Widget" };
const configMaps = { version: "v1", plural: "configmaps", kind: "ConfigMap" };

let plane: ControlPlane;
before(async () => {
  if (tools === undefined) return;
  plane = await startControlPlane({ tools });
  await plane.kubectlOk(["create", "clusterrolebinding", "op", "--clusterrole=cluster-admin", "--user=op"]);
});
after(() => plane?.stop());

/** Defines widgets, whose status knows `ready` alone. */
function definition(): unknown {
  const resource = widgets;
  const schema = {
    type: "object",
    properties: {
      spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      status: { type: "object", properties: { ready: { type: "boolean" } } },
    },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      scope: "Cluster",
      names: { kind: resource.kind, plural: resource.plural, singular: resource.kind.toLowerCase() },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }],
    },
  };
}

interface Scene {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly source: KubeSource;
  readonly logger: RecordingLogger;
  /** `name` once per change. */
  readonly changes: string[];
  /** Our list and watch requests in the audit log so far, oldest first: `list`, `watchlist` or `watch`, each as it was received. */
  requests(): Promise<string[]>;
  put(name: string, value: string): Promise<void>;
  value(name: string): string | undefined;
}

let scenes = 0;

/** Follows the ConfigMaps of a new namespace, which has `a` and `b`, as a user who is subject to all limits. */
async function follow(t: TestContext, limits: Partial<ReflectorLimits> = {}, clock: Clock = systemClock): Promise<Scene> {
  scenes += 1;
  const namespace = `scene-${scenes}`;
  await plane.kubectlOk(["create", "namespace", namespace]);
  const put = async (name: string, value: string): Promise<void> => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { value } };
    await plane.kubectlOk(["apply", "-f", "-"], JSON.stringify(object));
  };
  await put("a", "1");
  await put("b", "1");
  const logger = new RecordingLogger();
  const config = { kubeconfigPath: await plane.kubeconfigForUser("op") };
  const parts = { clock, logger, metrics: new RecordingMetrics(), random: Math.random };
  const client = await createKubeClient({ ...parts, config, userAgent: `countersign-${namespace}/test` });
  const source = new KubeSource({ ...parts, client, limits, collections: [{ resource: configMaps, namespace }] });
  const controller = new AbortController();
  const changes: string[] = [];
  await source.start({ changed: (_, name) => void changes.push(name) }, controller.signal);
  t.after(async () => {
    controller.abort();
    await source.stopped();
    client.close();
  });
  const isOurs = (entry: AuditEntry): boolean => entry.userAgent?.startsWith(`countersign-${namespace}/`) === true;
  const requests = async (): Promise<string[]> => {
    // A watch is told twice, at its start and at its end; the request is one.
    const received = new Map((await plane.auditEntries()).filter(isOurs).map((entry) => [entry.requestReceivedTimestamp, entry]));
    const verbOf = ({ verb, requestURI }: AuditEntry): string => (requestURI.includes("sendInitialEvents=true") ? "watchlist" : verb);
    return [...received].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => verbOf(entry));
  };
  const value = (name: string): string | undefined =>
    (source.objects("ConfigMap").get(name) as { data: { value: string } } | undefined)?.data.value;
  return { namespace, client, source, logger, changes, requests, put, value };
}

/** Waits up to a minute: an API server comes back, a backoff ends. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 600 && !(await holds()); turn += 1) await sleep(100);
  assert.ok(await holds(), String(holds));
}

test("KubeSource lists by one watch, and sees what kubectl does, within that watch", options, async (t) => {
  const scene = await follow(t);
  assert.deepEqual([scene.value("a"), scene.value("b")], ["1", "1"]);
  await scene.put("c", "1");
  await scene.put("a", "2");
  await plane.kubectlOk(["delete", "configmap", "b", "-n", scene.namespace]);
  await until(() => scene.value("b") === undefined);
  assert.deepEqual([scene.value("a"), scene.value("c")], ["2", "1"]);
  assert.deepEqual(scene.changes, ["a", "b", "c", "a", "b"]);
  assert.deepEqual(await scene.requests(), ["watchlist"]);
});

test("KubeSource takes an object that is recreated under its name for another", options, async (t) => {
  const scene = await follow(t);
  const uid = (): unknown => (scene.source.objects("ConfigMap").get("a") as { metadata: { uid: string } } | undefined)?.metadata.uid;
  const first = uid();
  await plane.kubectlOk(["delete", "configmap", "a", "-n", scene.namespace]);
  await scene.put("a", "2");
  await until(() => scene.value("a") === "2");
  assert.notEqual(uid(), first);
  assert.deepEqual(scene.changes, ["a", "b", "a", "a"]);
});

test("KubeSource opens a watch that its time has ended again, and neither lists nor tells anything twice", options, async (t) => {
  const scene = await follow(t, { watchSeconds: 2, shortWatchMs: 500 });
  await until(async () => (await scene.requests()).length >= 4);
  await scene.put("c", "1");
  await until(() => scene.value("c") === "1");
  const requests = await scene.requests();
  assert.deepEqual([requests[0], new Set(requests.slice(1))], ["watchlist", new Set(["watch"])]);
  assert.deepEqual(scene.changes, ["a", "b", "c"]);
  assert.deepEqual(
    scene.logger.lines.filter(({ level }) => level === "warn"),
    [],
  );
});

test(
  "Fault 1: the API server crashes and comes back; what was known stays, and what changed is seen with one new list at most",
  options,
  async (t) => {
    const scene = await follow(t);
    await plane.stopApiServer("SIGKILL");
    await until(() => scene.logger.lines.filter(({ level }) => level === "warn").length >= 2);
    assert.deepEqual([scene.value("a"), scene.value("b")], ["1", "1"], "memory serves while the server is down");
    await plane.startApiServer();
    await scene.put("a", "2");
    await until(() => scene.value("a") === "2");
    const requests = await scene.requests();
    assert.ok(requests.filter((verb) => verb !== "watch").length <= 2, requests.join());
    assert.equal(requests.includes("list"), false);
    assert.deepEqual(scene.changes, ["a", "b", "a"], "b did not change and is not mentioned");
  },
);

test("Fault 6: the last state seen was compacted away; one new list tells what vanished, and leaves the rest alone", options, async (t) => {
  // The reflector waits, as if backing off, until the compaction has happened.
  const compacted = Promise.withResolvers<void>();
  const scene = await follow(t, {}, { ...systemClock, sleep: (_, aborted) => raceSignal(compacted.promise, aborted) });
  const kept = scene.source.objects("ConfigMap").get("b");
  const path = `/api/v1/namespaces/${scene.namespace}/configmaps`;
  const { metadata } = JSON.parse(await plane.kubectlOk(["get", "--raw", path])) as { metadata: { resourceVersion: string } };
  await plane.restartApiServer(["--watch-cache=false", "--etcd-compaction-interval=1s"], "SIGKILL");
  await plane.kubectlOk(["delete", "configmap", "a", "-n", scene.namespace]);
  await scene.put("c", "1");
  const exactly = `${path}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
  await until(async () => (await plane.kubectl(["get", "--raw", exactly])).stderr.includes("(Expired)"));
  compacted.resolve();
  await until(() => scene.value("c") === "1");
  assert.equal(scene.value("a"), undefined);
  assert.equal(scene.source.objects("ConfigMap").get("b"), kept);
  assert.deepEqual([...scene.changes].sort(), ["a", "a", "b", "c"]);
  assert.deepEqual(await scene.requests(), ["watchlist", "watch", "watchlist"]);
  await plane.restartApiServer([], "SIGKILL");
});

test("KubeSource survives a server that stops answering, and goes on when it answers again", options, async (t) => {
  const scene = await follow(t, { idleMs: 2000, initialIdleMs: 2000 });
  await plane.pauseApiServer();
  await until(() => scene.logger.lines.some(({ level }) => level === "warn"));
  plane.resumeApiServer();
  await scene.put("a", "2");
  await until(() => scene.value("a") === "2");
  assert.deepEqual(
    (await scene.requests()).filter((verb) => verb !== "watch"),
    ["watchlist"],
  );
});

test(
  "applyManifests() defines a kind, waits until it is served, and makes an object of it; a second time changes nothing",
  options,
  async (t) => {
    const { client } = await follow(t);
    const objects = [definition(), { apiVersion: "test.example.com/v1", kind: "Widget", metadata: { name: "first" }, spec: { size: 1 } }];
    const applied = await applyManifests(objects, { client, clock: systemClock, fieldManager: "test" }, signal);
    assert.deepEqual(applied, [
      { kind: "CustomResourceDefinition", name: "widgets.test.example.com" },
      { kind: "Widget", name: "first" },
    ]);
    const version = await plane.kubectlOk(["get", "widget", "first", "-o", "jsonpath={.metadata.resourceVersion}"]);
    await applyManifests(objects, { client, clock: systemClock, fieldManager: "test" }, signal);
    assert.equal(await plane.kubectlOk(["get", "widget", "first", "-o", "jsonpath={.metadata.resourceVersion}"]), version);
  },
);

test("applyManifests() installs config/crd, and kubectl knows the kinds", options, async (t) => {
  const { client } = await follow(t);
  const folder = new URL("../../config/crd/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
  const definitions = files.flatMap((name) =>
    parseAllDocuments(readFileSync(new URL(name, folder), "utf8")).map((document) => document.toJS() as unknown),
  );
  const applied = await applyManifests(definitions, { client, clock: systemClock, fieldManager: "test" }, signal);
  assert.deepEqual(new Set(applied.map(({ kind }) => kind)), new Set(["CustomResourceDefinition"]));
  assert.equal((await plane.kubectl(["get", "stores.countersign.dev"])).stderr, "No resources found\n");
});

test("applyStatus() writes a status, echoes it, and refuses an object that changed, was recreated or is gone", options, async (t) => {
  const { client } = await follow(t);
  const widget = { apiVersion: "test.example.com/v1", kind: "Widget", metadata: { name: "second" }, spec: { size: 1 } };
  await applyManifests([definition(), widget], { client, clock: systemClock, fieldManager: "test" }, signal);
  const target = { client, collection: { resource: widgets }, fieldManager: "test" };
  const versionOf = (): Promise<string> => plane.kubectlOk(["get", "widget", "second", "-o", "jsonpath={.metadata.resourceVersion}"]);
  const judged = await versionOf();
  const undeclared = applyStatus(target, { name: "second", resourceVersion: judged, status: { ready: true, novelty: 1 } }, signal);
  await assert.rejects(undeclared, { code: "KUBE_REFUSED", status: 500 }, "an apply is refused whole, nothing is pruned");
  const applied = await applyStatus(target, { name: "second", resourceVersion: judged, status: { ready: true } }, signal);
  assert.deepEqual(applied, { outcome: "applied", echo: { ready: true }, resourceVersion: await versionOf() });
  assert.deepEqual(await applyStatus(target, { name: "second", resourceVersion: judged, status: { ready: false } }, signal), {
    outcome: "conflict",
  });
  const current = await versionOf();
  const again = await applyStatus(target, { name: "second", resourceVersion: current, status: { ready: true } }, signal);
  assert.deepEqual(
    again,
    { outcome: "applied", echo: { ready: true }, resourceVersion: current },
    "what changes nothing makes no new version",
  );
  await plane.kubectlOk(["delete", "widget", "second"]);
  assert.deepEqual(await applyStatus(target, { name: "second", resourceVersion: current, status: { ready: true } }, signal), {
    outcome: "gone",
  });
  await applyManifests([widget], { client, clock: systemClock, fieldManager: "test" }, signal);
  assert.deepEqual(await applyStatus(target, { name: "second", resourceVersion: current, status: { ready: true } }, signal), {
    outcome: "conflict",
  });
});

test("applyStatus() throws, and does not say gone, where the kind is not served", options, async (t) => {
  const { client } = await follow(t);
  const target = { client, collection: { resource: { ...widgets, plural: "gizmos", kind: "Gizmo" } }, fieldManager: "test" };
  await assert.rejects(applyStatus(target, { name: "first", resourceVersion: "1", status: {} }, signal), {
    code: "KUBE_REFUSED",
    status: 404,
  });
});

test("KubeClient keeps its identity from a token file", options, async (t) => {
  const { namespace } = await follow(t);
  await plane.kubectlOk(["create", "serviceaccount", "reader", "-n", namespace]);
  const config = { kubeconfigPath: await plane.kubeconfigForServiceAccount(namespace, "reader") };
  const client = await createKubeClient({
    config,
    clock: systemClock,
    logger: new RecordingLogger(),
    metrics: new RecordingMetrics(),
    userAgent: "t",
    random: Math.random,
  });
  await assert.rejects(client.request({ method: "GET", path: `/api/v1/namespaces/${namespace}/configmaps` }, signal), {
    status: 403,
    reason: "Forbidden",
    message: new RegExp(`User "system:serviceaccount:${namespace}:reader" cannot list resource "configmaps"`),
  });
  client.close();
});
