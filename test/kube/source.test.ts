import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeSource } from "../../src/kube/source.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { eventually } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger, RecordingMetrics, secrets, widgets } from "./fixture.ts";

test("KubeSource starts once every kind is listed, tells kinds and names, and stops without a trace", async (t) => {
  const api = await FakeKubeApi.start({ resources: [widgets, secrets] });
  t.after(() => api.close());
  api.servesWatchList = false;
  api.put("widgets", { metadata: { name: "w" } });
  api.put("secrets", { metadata: { name: "mine", namespace: "here" } });
  api.put("secrets", { metadata: { name: "other", namespace: "elsewhere" } });
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  const collections = [{ resource: widgets }, { resource: secrets, namespace: "here" }];
  const source = new KubeSource({
    collections,
    client,
    clock,
    random: () => 0,
    logger: new RecordingLogger(),
    metrics: new RecordingMetrics(),
  });
  const controller = new AbortController();
  const changes: string[] = [];
  assert.deepEqual(
    source.health().map(({ kind, hasSynced }) => [kind, hasSynced]),
    [
      ["Widget", false],
      ["Secret", false],
    ],
  );
  await source.start({ changed: (kind, name) => void changes.push(`${kind}/${name}`) }, controller.signal);
  assert.deepEqual(
    [[...source.objects("Widget").keys()], [...source.objects("Secret").keys()], source.objects("Unknown").size],
    [["w"], ["mine"], 0],
  );
  await eventually(() => api.watches.length === 2);
  api.put("secrets", { metadata: { name: "mine", namespace: "here" }, data: {} });
  api.put("secrets", { metadata: { name: "other", namespace: "elsewhere" }, data: {} });
  api.remove("widgets", "w");
  await eventually(() => changes.length === 4);
  assert.deepEqual([...changes].sort(), ["Secret/mine", "Secret/mine", "Widget/w", "Widget/w"]);
  await clock.advance(1000);
  assert.deepEqual(source.health(), [
    { kind: "Widget", hasSynced: true, silentMs: 1000 },
    { kind: "Secret", hasSynced: true, silentMs: 1000 },
  ]);
  controller.abort();
  await source.stopped();
  await eventually(() => api.watches.every((watch) => !watch.isOpen));
  assert.equal(clock.pending, 0);
  client.close();
});

test("KubeSource.start() rejects with the signal's reason, and only then", async (t) => {
  const api = await FakeKubeApi.start({ resources: [widgets] });
  t.after(() => api.close());
  api.fail("watchlist", { hang: true });
  const clock = new ManualClock();
  const client = await clientOf(api, { clock });
  const source = new KubeSource({
    collections: [{ resource: widgets }],
    client,
    clock,
    random: () => 0,
    logger: new RecordingLogger(),
    metrics: new RecordingMetrics(),
  });
  const controller = new AbortController();
  const started = assert.rejects(source.start({ changed: () => {} }, controller.signal), { message: "enough" });
  await eventually(() => api.requests.length === 1);
  controller.abort(new DOMException("enough", "AbortError"));
  await started;
  await source.stopped();
  client.close();
});
