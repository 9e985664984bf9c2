import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { ConfigLoop } from "../../src/operator/loop.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { Compiler } from "../../src/snapshot/compiler.ts";
import { SnapshotHolder } from "../../src/snapshot/holder.ts";
import { CountingFactories, inline, registry } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { MemorySource } from "./memory-source.ts";

interface Scene extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly source: MemorySource;
  readonly loop: ConfigLoop;
  readonly holder: SnapshotHolder;
  /** Names of the Stores in each publication, and when it came. */
  readonly published: readonly string[];
  readonly stop: AbortController;
  run(): Promise<void>;
  /** Called inside of each publication. */
  during: (next: Snapshot) => void;
}

function scene(options: { readonly coalesceMs?: number } = {}): Scene {
  const clock = new ManualClock();
  const source = new MemorySource();
  const holder = new SnapshotHolder();
  const published: string[] = [];
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const made: Scene = {
    clock,
    source,
    holder,
    published,
    stop,
    during: () => {},
    loop: new ConfigLoop({
      source,
      compiler: new Compiler(new CountingFactories()),
      holder,
      clock,
      logger: silentLogger,
      metrics: silentMetrics,
      published: (next, previous) => {
        assert.equal(holder.current, next, "a snapshot is in force before it is told of");
        published.push(`${clock.monotonic()}: ${[...next.stores.keys()].toSorted().join(" ")}${previous === undefined ? " (first)" : ""}`);
        made.during(next);
      },
      ...options,
    }),
    run: async () => {
      await made.loop.start(stop.signal);
      running = made.loop.run(stop.signal);
      await clock.settle();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new DOMException("The test has ended", "AbortError"));
      await running;
      assert.equal(clock.pending, 0, "a stopped loop leaves no timers behind");
    },
  };
  return made;
}

test("ConfigLoop publishes everything there is with its first compilation", async () => {
  await using made = scene();
  made.source.put("Store", "a", registry(["a.io"]));
  made.source.put("Store", "b", registry(["b.io"]));
  made.source.put("KeyProvider", "k", inline);
  await made.run();
  assert.deepEqual(made.published, ["0: a b (first)"]);
  assert.deepEqual([...(made.holder.current?.keyProviders.keys() ?? [])], ["k"]);
});

test("ConfigLoop publishes a first snapshot where there is nothing", async () => {
  await using made = scene();
  await made.run();
  await made.clock.advance(10_000);
  assert.deepEqual(made.published, ["0:  (first)"]);
});

test("ConfigLoop makes one compilation of changes that come within 100 ms", async () => {
  await using made = scene();
  await made.run();
  await made.clock.advance(1000);
  made.source.put("Store", "a", registry(["a.io"]));
  await made.clock.advance(60);
  made.source.put("Store", "b", registry(["b.io"]));
  made.source.remove("Store", "a");
  await made.clock.advance(39);
  assert.equal(made.published.length, 1);
  await made.clock.advance(1);
  made.source.put("Store", "c", registry(["c.io"]));
  await made.clock.advance(1000);
  assert.deepEqual(made.published, ["0:  (first)", "1100: b", "1200: b c"]);
});

test("ConfigLoop waits as long as it is told", async () => {
  await using made = scene({ coalesceMs: 5000 });
  await made.run();
  made.source.put("Store", "a", registry(["a.io"]));
  await made.clock.advance(20_000);
  assert.deepEqual(made.published, ["0:  (first)", "5000: a"]);
});

test("ConfigLoop loses no change that comes while it compiles or publishes", async () => {
  await using made = scene();
  await made.run();
  made.during = (next) => {
    if (next.stores.size < 4) made.source.put("Store", `s${next.stores.size}`, registry(["s.io"]));
  };
  made.source.put("Store", "s0", registry(["s.io"]));
  await made.clock.advance(10_000);
  assert.deepEqual(made.published, ["0:  (first)", "100: s0", "200: s0 s1", "300: s0 s1 s2", "400: s0 s1 s2 s3"]);
});

test("ConfigLoop loses no change between its start and its run", async () => {
  await using made = scene();
  await made.loop.start(made.stop.signal);
  made.source.put("Store", "a", registry(["a.io"]));
  await made.run();
  await made.clock.advance(1000);
  assert.match(made.published.at(-1) ?? "", /: a/);
});

test("ConfigLoop compiles nothing more once it is stopped, whether it waits for a change or for more of them", async () => {
  for (const waits of ["for a change", "for more"]) {
    await using made = scene();
    await made.run();
    if (waits === "for more") made.source.put("Store", "a", registry(["a.io"]));
    await made.clock.advance(50);
    made.stop.abort(new DOMException("Stopped", "AbortError"));
    made.source.put("Store", "b", registry(["b.io"]));
    await made.clock.advance(10_000);
    assert.deepEqual(made.published, ["0:  (first)"], waits);
  }
});

test("ConfigLoop's start() rejects with the signal's reason and publishes nothing where its source cannot be read any more", async () => {
  await using made = scene();
  const reason = new DOMException("Stopped", "AbortError");
  made.stop.abort(reason);
  await assert.rejects(made.loop.start(made.stop.signal), (error) => error === reason);
  assert.deepEqual([made.published, made.holder.current], [[], undefined]);
});

test("ConfigLoop leaves one listener at a time on the signal that stops it", async () => {
  await using made = scene();
  const { signal } = made.stop;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  Object.assign(signal, {
    addEventListener: (...given: Parameters<AbortSignal["addEventListener"]>) => {
      listeners += 1;
      add(...given);
    },
    removeEventListener: (...given: Parameters<AbortSignal["removeEventListener"]>) => {
      listeners -= 1;
      remove(...given);
    },
  });
  await made.run();
  for (let at = 0; at < 50; at += 1) {
    made.source.put("Store", "a", registry([`a${at}.io`]));
    await made.clock.advance(100);
  }
  assert.ok(listeners <= 3, `${listeners} listeners after 50 compilations`);
});
