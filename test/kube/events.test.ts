import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { KubeEvent } from "../../src/kube/event-series.ts";
import { EventRecorder } from "../../src/kube/events.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { eventually } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger, RecordingMetrics } from "./fixture.ts";

const events = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", namespaced: true };
const minute = 60_000;
const regarding = { apiVersion: "countersign.dev/v1alpha1", kind: "Store", name: "production", uid: "uid-1" };
const timeout: KubeEvent = { regarding, type: "Warning", reason: "Timeout", action: "Check", note: "a.io did not answer" };
const ofTeam: KubeEvent = { ...timeout, regarding: { ...regarding, kind: "NamespacedStore", namespace: "team-a", uid: "uid-2" } };
const numbered = (count: number): readonly KubeEvent[] =>
  Array.from({ length: count }, (_, index) => ({ ...timeout, regarding: { ...regarding, uid: `uid-${index}` }, note: `${index}` }));

async function scene(t: TestContext) {
  const api = await FakeKubeApi.start({ resources: [events] });
  t.after(() => api.close());
  const [clock, logger, metrics, stop] = [new ManualClock(), new RecordingLogger(), new RecordingMetrics(), new AbortController()];
  const client = await clientOf(api, { clock });
  t.after(() => client.close());
  let draws = 0;
  const random = (): number => (draws++ % 1000) / 1000;
  let finished = 0;
  const counting = { request: (...args: Parameters<typeof client.request>) => client.request(...args).finally(() => (finished += 1)) };
  const options = { client: counting, clock, logger, metrics, random, controller: "countersign.dev/operator", instance: "pod-1" };
  const recorder = new EventRecorder(options);
  const running = recorder.run(stop.signal);
  t.after(async () => {
    stop.abort(new DOMException("The test has ended", "AbortError"));
    await running;
    assert.equal(clock.pending, 0, "a stopped recorder leaves no timers behind");
  });
  const count = (outcome: string): number => metrics.values.get(`countersign_events_total{outcome=${outcome}}`) ?? 0;
  const bodyOf = (index: number): unknown => JSON.parse(api.requests[index]?.body ?? "null");
  return { api, clock, logger, recorder, count, bodyOf, finished: () => finished };
}

test("EventRecorder writes an Event as events.k8s.io/v1 wants it, of a cluster-scoped object in the namespace default", async (t) => {
  const { api, clock, recorder, count, bodyOf } = await scene(t);
  recorder.record(timeout);
  await eventually(() => count("created") === 1);
  const [request] = api.requests;
  assert.deepEqual([request?.method, request?.path], ["POST", "/apis/events.k8s.io/v1/namespaces/default/events"]);
  const { metadata, ...body } = bodyOf(0) as { readonly metadata: { readonly name: string; readonly namespace: string } };
  assert.deepEqual(body, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    eventTime: new Date(clock.now()).toISOString().replace("Z", "000Z"),
    reportingController: "countersign.dev/operator",
    reportingInstance: "pod-1",
    regarding,
    type: "Warning",
    reason: "Timeout",
    action: "Check",
    note: "a.io did not answer",
  });
  assert.match(metadata.name, /^production\.[0-9a-f]+$/);
  assert.equal(metadata.namespace, "default");
});

test("EventRecorder writes the Event of a namespaced object in its namespace", async (t) => {
  const { api, recorder, count } = await scene(t);
  recorder.record(ofTeam);
  await eventually(() => count("created") === 1);
  assert.equal(api.requests[0]?.path, "/apis/events.k8s.io/v1/namespaces/team-a/events");
});

test("EventRecorder tells of a thing that happens a hundred times by two requests: that it did, and five minutes later how often", async (t) => {
  const { api, clock, recorder, count, bodyOf } = await scene(t);
  recorder.record(timeout);
  await eventually(() => count("created") === 1);
  for (let time = 1; time < 100; time += 1) {
    await clock.advance(1000);
    recorder.record(timeout);
  }
  const last = clock.now();
  await clock.advance(5 * minute);
  await eventually(() => count("counted") === 1);
  assert.equal(api.requests.length, 2);
  const { name } = (bodyOf(0) as { readonly metadata: { readonly name: string } }).metadata;
  const [, patch] = api.requests;
  assert.deepEqual(
    [patch?.method, patch?.path, patch?.headers["content-type"], bodyOf(1)],
    [
      "PATCH",
      `/apis/events.k8s.io/v1/namespaces/default/events/${name}`,
      "application/merge-patch+json",
      { series: { count: 100, lastObservedTime: new Date(last).toISOString().replace("Z", "000Z") } },
    ],
  );
  await clock.advance(60 * minute);
  assert.equal(api.requests.length, 2, "nothing more happened");
});

test("EventRecorder writes an Event anew that the server has forgotten, with its count", async (t) => {
  const { api, clock, recorder, count, bodyOf } = await scene(t);
  recorder.record(timeout);
  await eventually(() => count("created") === 1);
  const { name } = (bodyOf(0) as { readonly metadata: { readonly name: string } }).metadata;
  api.remove("events", name, "default");
  await clock.advance(10 * minute);
  recorder.record(timeout);
  await eventually(() => count("counted") === 1);
  assert.deepEqual(
    api.requests.map(({ method }) => method),
    ["POST", "PATCH", "POST"],
  );
  const again = bodyOf(2) as { readonly metadata: { readonly name: string }; readonly series: { readonly count: number } };
  assert.notEqual(again.metadata.name, name);
  assert.equal(again.series.count, 2);
});

test("EventRecorder writes a hundred Events at once, then one a second, and of more than a thousand that wait forgets the oldest", async (t) => {
  const { api, clock, recorder, count } = await scene(t);
  for (const event of numbered(1500)) recorder.record(event);
  await eventually(() => count("created") === 100);
  await clock.advance(3000);
  await eventually(() => count("created") === 103);
  assert.equal(count("limited"), 500);
  const [first] = api.requests.map(({ body }) => (JSON.parse(body) as { readonly note: string }).note);
  assert.equal(first, "500");
});

test("EventRecorder gives up what it may not write, says so once, and works again when it may", async (t) => {
  const { api, logger, recorder, count } = await scene(t);
  api.fail("create", { status: 403 }, { status: 403 }, { status: 403 });
  for (const event of numbered(4)) recorder.record(event);
  await eventually(() => count("failed") === 3 && count("created") === 1);
  assert.deepEqual(
    logger.lines.map(({ level, message }) => `${level} ${message}`),
    ["warn an event could not be written", "debug an event could not be written", "debug an event could not be written"],
  );
});

test("EventRecorder asks a server that fails three times in all, ten seconds apart", async (t) => {
  const { api, clock, recorder, count, finished } = await scene(t);
  api.fail("create", { status: 500 }, { status: 429 }, { status: 503, headers: { "retry-after": "3600" } });
  recorder.record(timeout);
  for (const requests of [1, 2, 3]) {
    await eventually(() => finished() === requests);
    await clock.advance(10_000);
  }
  await eventually(() => count("failed") === 1);
  assert.equal(api.count("create"), 3);
  recorder.record(ofTeam);
  await eventually(() => count("created") === 1);
});

test("EventRecorder.record() holds nobody up while the server says nothing, and ends with its signal", async (t) => {
  const { api, recorder } = await scene(t);
  api.fail("create", { hang: true });
  recorder.record(timeout);
  await eventually(() => api.count("create") === 1);
  for (const event of numbered(2000)) recorder.record(event);
  assert.equal(api.count("create"), 1);
});
