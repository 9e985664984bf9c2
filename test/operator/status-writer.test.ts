import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reachability } from "../../src/health/store-health.ts";
import { inline, registry } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { Life, ModelServer } from "./model-server.ts";

type Scene = Life & AsyncDisposable;

function scene(server = new ModelServer(), clock = new ManualClock()): Scene {
  const life = new Life(server, clock);
  return Object.assign(life, {
    [Symbol.asyncDispose]: async () => {
      await life.stop();
      assert.equal(clock.pending, 0, "a stopped writer leaves no timers behind");
    },
  });
}

/** Long enough for every spacing and every pause after a failure here, and shorter than a heartbeat. */
const soon = 60_000;
const requested = (server: ModelServer): readonly string[] => server.requests.map(({ kind, name }) => `${kind}/${name}`);
const reason = (status: unknown): string | undefined =>
  (status as { conditions?: { type: string; reason: string }[] } | undefined)?.conditions?.find(({ type }) => type === "Ready")?.reason;
const healthy: Reachability = {
  status: "True",
  reason: "CheckSucceeded",
  message: "1 of 1 hosts answer",
  pending: false,
  probed: true,
  endpoints: [],
  consecutiveFailures: 0,
  lastCheckTime: Date.UTC(2026, 0, 1),
};

test("StatusWriter writes the status of each of two objects that change, once", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.put("KeyProvider", "a", inline);
  server.put("KeyProvider", "b", { type: "nonsense" });
  await life.catchUp();
  assert.deepEqual(requested(server), ["KeyProvider/a", "KeyProvider/b"]);
  assert.deepEqual(
    [reason(server.statusOf("KeyProvider/a")), reason(server.statusOf("KeyProvider/b"))],
    ["NoTrustedKeys", "UnsupportedType"],
  );
  await life.catchUp(); // our own writes come back
  await clock.advance(soon);
  assert.equal(server.requests.length, 2);
});

test("StatusWriter does not write again what the cache does not show yet", async () => {
  await using life = scene();
  const { server, clock, writer } = life;
  server.put("KeyProvider", "a", inline);
  await life.catchUp();
  for (let time = 0; time < 3; time += 1) {
    writer.enqueue(["KeyProvider/a"]);
    await clock.advance(10_000);
  }
  assert.equal(server.requests.length, 1);
});

test("StatusWriter writes the status of an object that was deleted and created again at once, though it reads like the former one's", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.put("KeyProvider", "a", inline);
  await life.catchUp();
  await life.catchUp();
  server.remove("KeyProvider/a");
  server.put("KeyProvider", "a", inline);
  await life.catchUp();
  await clock.advance(soon);
  assert.equal(server.requests.length, 2);
  assert.equal(reason(server.statusOf("KeyProvider/a")), "NoTrustedKeys");
});

test("StatusWriter gives a recreated object no status that was judged from the former one", async () => {
  await using life = scene();
  const { server, clock, writer } = life;
  server.put("KeyProvider", "a", { type: "nonsense" });
  await life.catchUp();
  server.remove("KeyProvider/a");
  server.put("KeyProvider", "a", inline);
  const keys = server.deliver(); // the cache has it, the snapshot does not: both are of generation 1
  writer.enqueue(keys);
  await clock.advance(soon);
  assert.equal(server.requests.length, 1);
  life.compile(keys);
  writer.enqueue(keys);
  await clock.advance(soon);
  assert.deepEqual([server.requests.length, reason(server.statusOf("KeyProvider/a"))], [2, "NoTrustedKeys"]);
});

test("StatusWriter writes a status anew that somebody has blanked or overwritten", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.put("KeyProvider", "a", inline);
  await life.catchUp();
  await life.catchUp();
  for (const foreign of [undefined, {}, { observedGeneration: 1, conditions: [], keys: [] }, "text"]) {
    server.setStatus("KeyProvider/a", foreign);
    await life.catchUp();
    await clock.advance(soon);
    assert.equal(reason(server.statusOf("KeyProvider/a")), "NoTrustedKeys");
    await life.catchUp();
  }
  assert.equal(server.requests.length, 5);
});

test("StatusWriter judges again after a conflict, by the object as it then is", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.put("KeyProvider", "a", inline);
  const keys = server.deliver();
  life.compile(keys);
  server.put("KeyProvider", "a", { type: "nonsense" }); // after the cache was read
  life.writer.enqueue(keys);
  await clock.settle();
  assert.deepEqual([server.requests.length, server.statusOf("KeyProvider/a")], [1, undefined]);
  await life.catchUp();
  await clock.advance(soon);
  assert.equal(reason(server.statusOf("KeyProvider/a")), "UnsupportedType");
  assert.deepEqual(
    server.requests.map(({ resourceVersion }) => resourceVersion),
    ["1", "2"],
  );
});

test("StatusWriter forgets an object that is gone when its status arrives", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.put("KeyProvider", "a", inline);
  const keys = server.deliver();
  life.compile(keys);
  server.remove("KeyProvider/a");
  life.writer.enqueue(keys);
  await clock.advance(soon);
  assert.equal(server.requests.length, 1);
});

test("StatusWriter tries again, ever more slowly, while the API server answers 500", async () => {
  await using life = scene();
  const { server, clock } = life;
  server.failures = 3;
  server.put("KeyProvider", "a", inline);
  await life.catchUp();
  const counts: number[] = [];
  for (const ms of [0, 750, 1500, 3000, soon]) {
    await clock.advance(ms);
    counts.push(server.requests.length);
  }
  assert.deepEqual(counts, [1, 2, 3, 4, 4]);
  assert.equal(reason(server.statusOf("KeyProvider/a")), "NoTrustedKeys");
});

test("StatusWriter writes nothing after a restart that finds every status as it should be", async () => {
  const server = new ModelServer();
  const clock = new ManualClock();
  {
    await using first = scene(server, clock);
    for (const name of ["a", "b", "c"]) server.put("KeyProvider", name, inline);
    server.put("Store", "s", registry(["*"]));
    await first.catchUp();
    await clock.advance(soon);
  }
  assert.equal(server.requests.length, 4);
  server.deliver();
  await using second = scene(server, clock);
  const keys = ["KeyProvider/a", "KeyProvider/b", "KeyProvider/c", "Store/s"];
  second.compile(keys);
  second.writer.enqueue(keys);
  await clock.advance(3_600_000);
  assert.equal(server.requests.length, 4);
});

test("StatusWriter waits up to 15 s for the first probe of each generation, so that one change is one write", async () => {
  await using life = scene();
  const { server, clock, health } = life;
  const pending: Reachability = { ...healthy, status: "Unknown", reason: "NotChecked", message: "Not checked yet", pending: true };
  health.set("Store/s", pending);
  server.put("Store", "s", registry(["a.io"]));
  await life.catchUp();
  await clock.advance(10_000);
  server.put("Store", "s", registry(["b.io"]));
  await life.catchUp();
  await clock.advance(14_000); // counted anew
  assert.equal(server.requests.length, 0);
  health.set("Store/s", healthy);
  life.writer.enqueue(["Store/s"]);
  await clock.settle();
  assert.deepEqual([server.requests.length, reason(server.statusOf("Store/s"))], [1, "Succeeded"]);
});

test("StatusWriter writes times alone once a heartbeat", async () => {
  await using life = scene();
  const { server, clock, health, writer } = life;
  health.set("Store/s", healthy);
  server.put("Store", "s", registry(["a.io"]));
  await life.catchUp();
  await life.catchUp();
  for (let minute = 0; minute < 25; minute += 1) {
    await clock.advance(60_000);
    health.set("Store/s", { ...healthy, lastCheckTime: clock.now() });
    writer.enqueue(["Store/s"]);
    await clock.settle();
    await life.catchUp();
  }
  assert.equal(server.requests.length, 1 + 2);
});

const written = ({ requests }: ModelServer): readonly string[] =>
  requests.map(({ kind, namespace, name }) => [kind, namespace, name].filter((part) => part !== undefined).join(" "));

test("StatusWriter writes the status of a namespace's object there, and of none in another namespace that has its name", async () => {
  await using life = scene();
  const { server } = life;
  server.put("KeyProvider", "a", inline);
  server.put("NamespacedKeyProvider", "team-a/a", { type: "nonsense" });
  server.put("NamespacedKeyProvider", "team-b/a", inline);
  await life.catchUp();
  assert.deepEqual(written(server).toSorted(), ["KeyProvider a", "NamespacedKeyProvider team-a a", "NamespacedKeyProvider team-b a"]);
  assert.deepEqual(
    ["KeyProvider/a", "NamespacedKeyProvider/team-a/a", "NamespacedKeyProvider/team-b/a"].map((key) => reason(server.statusOf(key))),
    ["NoTrustedKeys", "UnsupportedType", "NoTrustedKeys"],
  );
});

test("StatusWriter does not keep the cluster's objects waiting for a namespace that has hundreds", async () => {
  await using life = scene();
  const { server } = life;
  for (let index = 0; index < 300; index += 1) server.put("NamespacedKeyProvider", `team-a/${index}`, inline);
  server.put("KeyProvider", "cluster", inline);
  server.put("NamespacedKeyProvider", "team-b/own", inline);
  await life.catchUp();
  const order = written(server);
  assert.equal(order.length, 302);
  assert.ok(order.indexOf("KeyProvider cluster") < 8, "it has its turn among the first");
  assert.ok(order.indexOf("NamespacedKeyProvider team-b own") < 8);
});
