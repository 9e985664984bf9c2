/** Events on a real API server: what `kubectl describe` shows of objects that become ready, fail, and flap. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import type { KubeEvent } from "../../src/kube/event-series.ts";
import { EventRecorder } from "../../src/kube/events.ts";
import { ManualClock } from "../support/clock.ts";
import { apply, authProvider, dockerSecret, eventually, namespace, type Operator, options, startOperator } from "./fixture.ts";
import { judged, reader, type Scene, startScene } from "./scene.ts";

let scene: Scene;
let operator: Operator;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  operator = await startOperator(scene.plane);
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

interface Told {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly action: string;
  readonly reportingController: string;
  readonly series?: { readonly count: number };
}
const eventsOf = async (where: string, name: string): Promise<readonly Told[]> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${where}/events?fieldSelector=regarding.name%3D${name}`;
  const { items } = JSON.parse(await scene.plane.kubectlOk(["get", "--raw", path])) as {
    readonly items: readonly (Told & { readonly eventTime: string })[];
  };
  return items.toSorted((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
};
const brief = (told: readonly Told[]): readonly string[] => told.map(({ type, action, reason }) => `${type} ${action} ${reason}`);
const account = (name: string, password: string): object => dockerSecret(name, { [scene.host]: { username: "reader", password } });

test("kubectl describe shows why an AuthProvider is not ready, and that it is again", options, async () => {
  const { plane, host } = scene;
  const spec = { registries: [host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "acr-pull" } } };
  await apply(plane, authProvider("acr", spec));
  await judged(plane, ["authproviders", "acr"], { Ready: "False/RefNotFound" });
  await apply(plane, dockerSecret("acr-pull", { [host]: reader }));
  await judged(plane, ["authproviders", "acr"], { Ready: "True/Succeeded" });
  await eventually("two events", async () => ((await eventsOf("default", "acr")).length === 2 ? true : undefined));
  assert.deepEqual(brief(await eventsOf("default", "acr")), ["Warning Resolve RefNotFound", "Normal Resolve Succeeded"]);
  const described = await plane.kubectlOk(["describe", "authproviders.countersign.dev", "acr"]);
  assert.match(described, /Warning +RefNotFound +\S+ +countersign\.dev\/operator +Secret\/acr-pull does not exist/);
  assert.match(described, /Normal +Succeeded +\S+ +countersign\.dev\/operator +\S/);
});

test("a Store's failure is told once, whatever it is probed and asked meanwhile, and without the password", options, async () => {
  const { plane } = scene;
  await apply(plane, account("changing", reader.password));
  const provider = { registries: [scene.host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "changing" } } };
  await apply(plane, authProvider("changing", provider), scene.store("flaky", { authProviderRefs: [{ name: "changing" }] }));
  await judged(plane, ["stores", "flaky"], { Ready: "True/Succeeded" });
  await apply(plane, account("changing", "canary-password-wrong"));
  await judged(plane, ["stores", "flaky"], { Ready: "False/AuthenticationFailed" });
  for (let time = 0; time < 5; time += 1) await operator.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
  await eventually("two events", async () => ((await eventsOf("default", "flaky")).length >= 2 ? true : undefined));
  const told = await eventsOf("default", "flaky");
  assert.deepEqual(brief(told), ["Normal Check Succeeded", "Warning Check AuthenticationFailed"]);
  assert.match(told[1]?.note ?? "", /AuthProvider\/changing|rejected|refused/);
  assert.doesNotMatch(await plane.kubectlOk(["get", "events", "--all-namespaces", "-o", "json"]), /canary-password/);
});

test("events of namespaced objects are in their namespace, where who may see the object may see them", options, async () => {
  const { plane } = scene;
  await plane.kubectlOk(["create", "namespace", "team-a"]);
  await apply(plane, {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "NamespacedVerifier",
    metadata: { name: "own", namespace: "team-a" },
    spec: { type: "cosign", cosign: { keyProviderRefs: [{ name: "missing" }] } },
  });
  await eventually("an event", async () => ((await eventsOf("team-a", "own")).length > 0 ? true : undefined));
  assert.deepEqual(brief(await eventsOf("team-a", "own")), ["Warning Load DependencyNotReady"]);
  assert.deepEqual(await eventsOf("default", "own"), []);
});

test("a restart tells nothing that was told before", options, async () => {
  const count = async (): Promise<number> =>
    (JSON.parse(await scene.plane.kubectlOk(["get", "events", "-A", "-o", "json"])) as { items: object[] }).items.length;
  await eventually("all is told", async () => ((await eventsOf("default", "release")).length >= 2 ? true : undefined));
  await operator[Symbol.asyncDispose]();
  const before = await count();
  operator = await startOperator(scene.plane);
  await judged(scene.plane, ["stores", "flaky"], { Ready: "False/AuthenticationFailed" });
  await apply(scene.plane, { ...authProvider("later", { registries: ["later.example"], type: "anonymous" }) });
  await eventually("the next event", async () => ((await eventsOf("default", "later")).length === 1 ? true : undefined));
  assert.equal(await count(), before + 1);
});

test("the real API server takes a series: what flaps is one Event with a count", options, async (t) => {
  const { plane } = scene;
  const kubeconfigPath = await plane.kubeconfigForServiceAccount(namespace, "countersign-operator");
  const shared = { logger: silentLogger, metrics: silentMetrics, random: Math.random };
  const client = await createKubeClient({ ...shared, config: { kubeconfigPath }, clock: systemClock, userAgent: "countersign/test" });
  t.after(() => client.close());
  const [clock, stop] = [new ManualClock(Date.now()), new AbortController()];
  const recorder = new EventRecorder({ ...shared, client, clock, controller: "countersign.dev/operator", instance: "pod-1" });
  const running = recorder.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const regarding = { apiVersion: "countersign.dev/v1alpha1", kind: "Store", name: "flapping", uid: "uid-of-flapping" };
  const event = (reason: string, type: KubeEvent["type"]): KubeEvent => ({ regarding, type, reason, action: "Check", note: "m" });
  for (let time = 0; time < 20; time += 1) {
    recorder.record(event("Timeout", "Warning"));
    recorder.record(event("Succeeded", "Normal"));
    if (time === 0)
      await eventually("both are there", async () => ((await eventsOf("default", "flapping")).length === 2 ? true : undefined));
  }
  await clock.advance(300_000);
  const counts = async (): Promise<readonly (number | undefined)[]> =>
    (await eventsOf("default", "flapping")).map(({ series }) => series?.count);
  await eventually("both are counted", async () => ((await counts()).every((count) => count === 20) ? true : undefined));
  assert.deepEqual(await counts(), [20, 20]);
});
