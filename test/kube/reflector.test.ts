import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Reflector, type WatchListSupport } from "../../src/kube/reflector.ts";
import type { ReflectorLimits } from "../../src/kube/reflector-limits.ts";
import { declareReflectorMetrics } from "../../src/kube/reflector-metrics.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { bookmarkAt, eventually, statusBody } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger, RecordingMetrics, widgets } from "./fixture.ts";

interface Scene {
  readonly api: FakeKubeApi;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly metrics: RecordingMetrics;
  readonly reflector: Reflector;
  readonly watchList: WatchListSupport;
  readonly changes: string[];
  /** Moves time to the end of the pause that the reflector now makes; gives its length. */
  pass(): Promise<number>;
  /** Waits for the nth watch, and for the first list. */
  watching(count: number): Promise<void>;
}

/** A reflector of widgets on a fake server, with the objects that are there at its start. */
async function start(
  t: TestContext,
  options: {
    readonly names?: readonly string[];
    readonly limits?: Partial<ReflectorLimits>;
    readonly prepare?: (api: FakeKubeApi) => void;
  } = {},
): Promise<Scene> {
  const api = await FakeKubeApi.start({ resources: [widgets] });
  t.after(() => api.close());
  for (const name of options.names ?? ["a", "b"]) api.put("widgets", { metadata: { name }, spec: { size: 1 } });
  options.prepare?.(api);
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const client = await clientOf(api, { clock, logger, metrics });
  const changes: string[] = [];
  const watchList = { isRefused: false };
  const reflector = new Reflector(
    { resource: widgets },
    {
      client,
      clock,
      random: () => 0,
      logger,
      metrics: declareReflectorMetrics(metrics),
      watchList,
      changed: (key) => changes.push(`${key}${reflector.objects.has(key) ? "" : " gone"}`),
      ...(options.limits !== undefined && { limits: options.limits }),
    },
  );
  const controller = new AbortController();
  const running = reflector.run(controller.signal);
  t.after(async () => {
    controller.abort();
    await running;
    client.close();
    assert.equal(clock.pending, 0, "a stopped reflector leaves no timer");
  });
  let pauses = 0;
  const pauseLines = (): (number | undefined)[] =>
    logger.lines.map((line) => line.fields["pauseMs"] as number | undefined).filter((ms) => ms !== undefined);
  const pass = async (): Promise<number> => {
    await eventually(() => pauseLines().length > pauses, "a pause");
    const ms = pauseLines()[pauses] ?? 0;
    pauses += 1;
    await clock.advance(ms);
    return ms;
  };
  const watching = (count: number): Promise<void> => eventually(() => api.watches.length >= count && reflector.hasSynced, `watch ${count}`);
  return { api, clock, logger, metrics, reflector, watchList, changes, pass, watching };
}

const verbs = (scene: Scene): string[] => scene.api.requests.map((request) => request.verb);

test("Reflector lists by a watch, consistently, and goes on with the same stream", async (t) => {
  const scene = await start(t);
  await scene.reflector.synced(AbortSignal.timeout(10_000));
  assert.deepEqual([...scene.reflector.objects.keys()], ["a", "b"]);
  assert.equal(scene.reflector.hasSynced, true);
  assert.equal(scene.reflector.resourceVersion, scene.api.revision);
  scene.api.put("widgets", { metadata: { name: "c" } });
  await eventually(() => scene.reflector.objects.has("c"));
  assert.deepEqual(scene.changes, ["a", "b", "c"]);
  assert.deepEqual(
    scene.api.requests.map(({ query }) => query),
    [
      {
        watch: "1",
        allowWatchBookmarks: "true",
        timeoutSeconds: "300",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan",
        resourceVersion: "",
      },
    ],
  );
});

test("Reflector.objects are deep-frozen and without managedFields", async (t) => {
  const scene = await start(t, { names: ["a"] });
  await scene.reflector.synced(AbortSignal.timeout(10_000));
  const object = scene.reflector.objects.get("a") as unknown as { metadata: object; spec: object };
  assert.deepEqual(
    [object, object.metadata, object.spec].map((part) => Object.isFrozen(part)),
    [true, true, true],
  );
  assert.equal("managedFields" in object.metadata, false);
});

test("Reflector falls back to a consistent list where WatchList is refused, and does not ask for it again", async (t) => {
  const scene = await start(t, { prepare: (api) => (api.servesWatchList = false) });
  await scene.watching(1);
  assert.deepEqual(verbs(scene), ["watchlist", "list", "watch"]);
  assert.deepEqual(scene.api.requests[1]?.query, { limit: "500" }, "no resourceVersion: never one of a cache that lags behind");
  assert.equal(scene.watchList.isRefused, true);
  scene.api.compact();
  scene.api.watches[0]?.cut();
  await scene.pass(); // the cut
  await scene.pass(); // the 410
  await scene.watching(2);
  assert.deepEqual(verbs(scene).slice(3), ["watch", "list", "watch"]);
});

test("Reflector takes initial events that never end for a server that does not know them, and lists", async (t) => {
  const scene = await start(t, {
    prepare: (api) =>
      api.fail("watchlist", {
        bytes: `${JSON.stringify({ type: "ADDED", object: { metadata: { name: "x", uid: "u", resourceVersion: "1" } } })}\n`,
        open: true,
      }),
  });
  await eventually(() => scene.api.count("watchlist") === 1);
  await eventually(() => scene.metrics.values.has("countersign_reflector_last_activity_timestamp_seconds{kind=Widget}"));
  await scene.clock.settle();
  assert.equal(scene.reflector.hasSynced, false, "half a list is no list");
  await scene.clock.advance(30_000);
  await scene.watching(1);
  assert.deepEqual([...scene.reflector.objects.keys()], ["a", "b"]);
  assert.equal(scene.watchList.isRefused, false);
});

for (const row of [
  { name: "nobody listens", fault: { cut: true } as const },
  { name: "it may not watch (403)", fault: { status: 403, body: statusBody(403, "Forbidden") } as const },
  { name: "the kind does not exist yet (404)", fault: { status: 404, body: "404 page not found" } as const },
  { name: "the server is too busy (429)", fault: { status: 429, body: "Too many requests" } as const },
]) {
  test(`Reflector does not list by other means, but waits, when ${row.name}`, async (t) => {
    const scene = await start(t, { prepare: (api) => api.fail("watchlist", row.fault) });
    assert.equal(await scene.pass(), 800);
    await scene.watching(1);
    assert.deepEqual(verbs(scene), ["watchlist", "watchlist"]);
  });
}

test("Reflector opens a watch that ended in good order again at once, from the last state seen", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  scene.api.put("widgets", { metadata: { name: "c" } });
  await eventually(() => scene.reflector.objects.has("c"));
  const seen = scene.api.revision;
  scene.api.watches[0]?.end();
  await scene.watching(2);
  assert.equal(scene.api.watches[1]?.query["resourceVersion"], seen);
  assert.deepEqual(verbs(scene), ["watchlist", "watch"]);
  assert.deepEqual(scene.changes, ["a", "b", "c"], "nothing is told twice");
});

test("Reflector misses nothing that happened between two watches", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  scene.api.watches[0]?.cut();
  scene.api.remove("widgets", "a");
  scene.api.put("widgets", { metadata: { name: "b" }, spec: { size: 2 } });
  await scene.pass();
  await eventually(() => scene.changes.length === 4);
  assert.deepEqual(scene.changes, ["a", "b", "a gone", "b"]);
  assert.deepEqual(verbs(scene), ["watchlist", "watch"], "a broken stream is no reason to list");
});

test("Reflector advances by bookmarks alone", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  scene.api.watches[0]?.write(bookmarkAt("4711"));
  await eventually(() => scene.reflector.resourceVersion === "4711");
  assert.deepEqual(scene.changes, ["a", "b"]);
});

for (const expiry of ["http", "in-stream"] as const) {
  test(`Reflector lists once after a 410 (${expiry}), removes what vanished and leaves what did not change unmentioned`, async (t) => {
    const scene = await start(t, { prepare: (api) => (api.expiry = expiry) });
    await scene.watching(1);
    const before = scene.reflector.objects.get("b");
    scene.api.watches[0]?.cut();
    scene.api.remove("widgets", "a");
    scene.api.compact();
    await scene.pass(); // the cut
    await scene.pass(); // the 410
    await scene.watching(2);
    await eventually(() => !scene.reflector.objects.has("a"));
    assert.deepEqual(verbs(scene), ["watchlist", "watch", "watchlist"]);
    assert.deepEqual(scene.changes, ["a", "b", "a gone"]);
    assert.equal(scene.reflector.objects.get("b"), before);
  });
}

for (const row of [
  {
    name: "429 with Retry-After",
    fault: { status: 429, headers: { "retry-after": "7" }, body: "Too many requests, please try again later." },
    pauseMs: 7000,
  },
  { name: "504", fault: { status: 504, body: statusBody(504, "Timeout") }, pauseMs: 1600 },
  { name: "403", fault: { status: 403, body: statusBody(403, "Forbidden") }, pauseMs: 1600 },
  { name: "404", fault: { status: 404, body: "404 page not found" }, pauseMs: 1600 },
]) {
  test(`Reflector watches the same state again, without listing, after ${row.name}`, async (t) => {
    const scene = await start(t);
    await scene.watching(1);
    scene.api.fail("watch", row.fault);
    scene.api.watches[0]?.cut();
    await scene.pass();
    assert.equal(await scene.pass(), row.pauseMs);
    await scene.watching(2);
    assert.deepEqual(verbs(scene), ["watchlist", "watch", "watch"]);
    assert.deepEqual([...scene.reflector.objects.keys()], ["a", "b"], "what was known stays in force");
  });
}

test("Reflector lists again when the server is older than what it has seen (ResourceVersionTooLarge)", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  scene.api.fail("watch", {
    status: 504,
    body: statusBody(504, "Timeout", "Too large resource version", {
      causes: [{ reason: "ResourceVersionTooLarge" }],
      retryAfterSeconds: 1,
    }),
  });
  scene.api.watches[0]?.cut();
  await scene.pass();
  assert.equal(await scene.pass(), 1600);
  await scene.watching(2);
  assert.deepEqual(verbs(scene), ["watchlist", "watch", "watchlist"]);
});

for (const row of [
  { name: "is not JSON", bytes: '{"type":"ADDED",\n' },
  { name: "is not UTF-8", bytes: Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]) },
  { name: "is no event", bytes: "[1]\n" },
  { name: "has no uid", bytes: `${JSON.stringify({ type: "ADDED", object: { metadata: { name: "x", resourceVersion: "1" } } })}\n` },
  { name: "is longer than the limit", bytes: `${JSON.stringify({ type: "ADDED", object: { pad: "x".repeat(4000) } })}\n` },
  { name: "is an ERROR of the server's", bytes: `${JSON.stringify({ type: "ERROR", object: statusBody(500, "InternalError") })}\n` },
]) {
  test(`Reflector ends a watch in which a line ${row.name}, and goes on from the last state seen`, async (t) => {
    const scene = await start(t, { limits: { maxEventBytes: 2048 } });
    await scene.watching(1);
    scene.api.watches[0]?.write(row.bytes);
    await scene.pass();
    await scene.watching(2);
    await eventually(() => scene.api.watches[0]?.isOpen === false);
    scene.api.put("widgets", { metadata: { name: "c" } });
    await eventually(() => scene.reflector.objects.has("c"));
    assert.deepEqual(verbs(scene), ["watchlist", "watch"]);
    assert.equal(
      scene.logger.lines.some((line) => JSON.stringify(line).includes("xxxx")),
      false,
      "content is not logged",
    );
  });
}

test("Reflector lists again when the same state leads to an unreadable event three times", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  for (let count = 1; count <= 3; count += 1) {
    scene.api.watches[count - 1]?.write("nonsense\n");
    await scene.pass();
    await scene.watching(count + 1);
  }
  assert.deepEqual(verbs(scene), ["watchlist", "watch", "watch", "watchlist"]);
});

test("Reflector takes watches that end at once and empty for failures, and backs off to 30 s", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  scene.api.watches[0]?.write(bookmarkAt(scene.api.revision));
  await scene.clock.settle();
  scene.api.watches[0]?.end();
  const pauses: number[] = [];
  for (let count = 2; count <= 9; count += 1) {
    await scene.watching(count);
    scene.api.watches[count - 1]?.end();
    pauses.push(await scene.pass());
  }
  assert.deepEqual(pauses, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.equal(scene.metrics.values.get("countersign_reflector_short_watches_total{kind=Widget}"), 8);
  assert.equal(scene.api.count("watchlist"), 1);
});

test("Reflector ends a watch that is silent for 150 s, and sees what happened meanwhile", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  await eventually(() => scene.reflector.hasSynced);
  await scene.clock.advance(149_000);
  assert.equal(scene.api.watches[0]?.isOpen, true);
  assert.equal(scene.clock.monotonic() - scene.reflector.lastActivityAt, 149_000);
  await scene.clock.advance(1000);
  assert.equal(await scene.pass(), 800);
  await scene.watching(2);
  await eventually(() => scene.api.watches[0]?.isOpen === false);
  await eventually(() => scene.clock.monotonic() === scene.reflector.lastActivityAt);
});

test("Reflector ends a watch that outlives its time by 30 s, however busy it is", async (t) => {
  const scene = await start(t);
  await scene.watching(1);
  for (let minute = 0; minute < 5; minute += 1) {
    await scene.clock.advance(60_000);
    scene.api.watches[0]?.write(bookmarkAt(`${1000 + minute}`));
    await eventually(() => scene.reflector.resourceVersion === `${1000 + minute}`);
  }
  await scene.clock.advance(29_000);
  assert.equal(scene.api.watches[0]?.isOpen, true);
  await scene.clock.advance(1000);
  await scene.pass();
  await scene.watching(2);
});

test("Reflector takes the same name with another uid for another object: gone, then there", async (t) => {
  const scene = await start(t, { names: ["a"] });
  await scene.watching(1);
  scene.api.watches[0]?.cut();
  scene.api.remove("widgets", "a");
  scene.api.put("widgets", { metadata: { name: "a", uid: "another" } });
  scene.api.compact();
  await scene.pass();
  await scene.pass();
  await eventually(() => scene.changes.length === 3);
  assert.deepEqual(scene.changes, ["a", "a gone", "a"]);
  assert.equal(scene.reflector.objects.get("a")?.metadata.uid, "another");
});

test("Reflector survives a listener that throws", async (t) => {
  const scene = await start(t, { names: [] });
  await scene.reflector.synced(AbortSignal.timeout(10_000));
  scene.changes.push = () => {
    throw new TypeError("listener");
  };
  scene.api.put("widgets", { metadata: { name: "c" } });
  await eventually(() => scene.logger.lines.some((line) => line.message === "a listener failed"));
  assert.equal(scene.reflector.objects.has("c"), true);
});

test("Reflector is not synced by more objects than it may hold", async (t) => {
  const scene = await start(t, { names: ["a", "b", "c"], limits: { maxObjects: 2 } });
  await scene.pass();
  assert.deepEqual([scene.reflector.hasSynced, scene.reflector.objects.size], [false, 0]);
});

test("Reflector.failure is what went wrong last, until the server has sent something", async (t) => {
  const scene = await start(t, { prepare: (api) => api.fail("watchlist", { status: 403 }) });
  await eventually(() => scene.reflector.failure !== undefined);
  assert.equal((scene.reflector.failure as { readonly status?: number }).status, 403);
  await scene.pass();
  await scene.watching(1);
  assert.equal(scene.reflector.failure, undefined);
});

test("Reflector.synced() rejects with the signal's reason", async (t) => {
  const scene = await start(t, { prepare: (api) => api.fail("watchlist", { hang: true }) });
  await assert.rejects(scene.reflector.synced(AbortSignal.abort(new DOMException("stop", "AbortError"))), { message: "stop" });
});
