import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../src/api/error-class.ts";
import type { EndpointObservation, StoreProbe } from "../../src/engine/store.ts";
import { type ProbedStore, Prober } from "../../src/health/prober.ts";
import { observeStore, renewStoreHealth } from "../../src/health/store-health.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ManualClock } from "../support/clock.ts";

const minute = 60_000;

/** Registries as probes see them: what they answer is set by the test, what they were asked is written down. */
class Registries {
  readonly asked: { readonly endpoint: string; readonly at: number }[] = [];
  readonly failures = new Map<string, Failure>();
  readonly silent = new Set<string>();
  readonly clock: ManualClock;
  active = 0;
  mostActive = 0;
  durationMs = 0;
  constructor(clock: ManualClock) {
    this.clock = clock;
  }
  probe(...endpoints: readonly string[]): StoreProbe {
    return {
      endpoints: () => endpoints,
      probe: async (endpoint, signal) => {
        this.asked.push({ endpoint, at: this.clock.monotonic() });
        this.active += 1;
        this.mostActive = Math.max(this.mostActive, this.active);
        try {
          if (this.silent.has(endpoint)) await this.clock.sleep(10 * 60 * minute, signal);
          if (this.durationMs > 0) await this.clock.sleep(this.durationMs, signal);
        } finally {
          this.active -= 1;
        }
        const failure = this.failures.get(endpoint);
        return { endpoint, source: "probe", time: this.clock.now(), latencyMs: 20, ...(failure !== undefined && { failure }) };
      },
    };
  }
  times(endpoint: string): readonly number[] {
    return this.asked.filter((entry) => entry.endpoint === endpoint).map((entry) => entry.at);
  }
}

function setUp(random = 0.5) {
  const clock = new ManualClock();
  const registries = new Registries(clock);
  const changed: string[] = [];
  const prober = new Prober({ clock, logger: silentLogger, random: () => random, onChange: (key) => changed.push(key) });
  const stop = new AbortController();
  const store = (key: string, endpoints: readonly string[], more: Partial<ProbedStore> = {}): ProbedStore => ({
    key,
    uid: key,
    generation: 1,
    revision: "r1",
    intervalMs: 5 * minute,
    failureThreshold: 3,
    suspend: false,
    probe: registries.probe(...endpoints),
    ...more,
  });
  const running = { ended: false };
  const run = (): Promise<void> => prober.run(stop.signal).then(() => void (running.ended = true));
  return { clock, registries, changed, prober, stop, store, run, running };
}
function traffic(endpoint: string, clock: ManualClock, failure?: Failure): EndpointObservation {
  return { endpoint, source: "traffic", time: clock.now(), latencyMs: 20, ...(failure !== undefined && { failure }) };
}
const refused: Failure = { class: "ConnectionRefused", message: "a.io refused the connection" };
const denied: Failure = { class: "AuthenticationFailed", message: "a.io rejected the credential" };

test("Prober probes a new Store at once, and then after each interval", async () => {
  const { clock, registries, prober, store, run, changed } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  assert.equal(prober.health("Store/s")?.status, "Unknown");
  await clock.advance(0);
  assert.equal(prober.health("Store/s")?.status, "True");
  await clock.advance(10 * minute);
  assert.deepEqual(registries.times("a.io"), [0, 5 * minute, 10 * minute]);
  assert.equal(changed.length, 3);
});

test("Prober.sync() leaves a Store alone whose revision is the same, and probes one at once whose revision is new", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(1000);
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(1000);
  assert.equal(registries.asked.length, 1);
  registries.failures.set("a.io", denied);
  prober.sync([store("Store/s", ["a.io"], { revision: "another secret" })]);
  assert.equal(prober.health("Store/s")?.status, "True"); // still what was last known of this generation
  await clock.advance(0);
  assert.deepEqual(registries.times("a.io"), [0, 2000]);
  assert.equal(prober.health("Store/s")?.reason, "AuthenticationFailed");
});

test("Prober.sync() begins a new generation with nothing known, and forgets a Store that is gone", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(0);
  prober.sync([store("Store/s", ["b.io"], { generation: 2, revision: "r2" })]);
  assert.equal(prober.health("Store/s")?.status, "Unknown");
  await clock.advance(0);
  assert.equal(prober.health("Store/s")?.status, "True");
  prober.sync([]);
  assert.equal(prober.health("Store/s"), undefined);
  await clock.advance(60 * minute);
  assert.equal(registries.asked.length, 2);
});

test("Prober drops the answer to a probe of a former revision", async () => {
  const { clock, registries, prober, store, run, changed } = setUp();
  void run();
  registries.silent.add("a.io");
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(1000);
  assert.equal(registries.active, 1);
  prober.sync([store("Store/s", ["b.io"], { generation: 2, revision: "r2" })]);
  await clock.advance(60_000);
  assert.equal(registries.active, 0);
  assert.deepEqual(
    prober.health("Store/s")?.endpoints.map((entry) => entry.endpoint),
    ["b.io"],
  );
  assert.deepEqual(changed, ["Store/s"]);
});

test("Prober gives a probe 10 s, then it is a Timeout", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  registries.silent.add("a.io");
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(9_999);
  assert.equal(prober.health("Store/s")?.status, "Unknown");
  await clock.advance(1);
  const { status, reason, message } = prober.health("Store/s") ?? {};
  assert.deepEqual({ status, reason, message }, { status: "False", reason: "Timeout", message: "a.io did not answer a probe within 10 s" });
});

test("Prober survives a probe that breaks its contract", async () => {
  const { clock, prober, store, run } = setUp();
  void run();
  const probe: StoreProbe = { endpoints: () => ["a.io"], probe: () => Promise.reject(new TypeError("secret detail")) };
  prober.sync([store("Store/s", [], { probe })]);
  await clock.advance(0);
  const { reason, message } = prober.health("Store/s") ?? {};
  assert.deepEqual({ reason, message }, { reason: "Internal", message: "A probe of a.io ended unexpectedly; see the log" });
});

test("Prober backs off from a host that is down, and notices within the back-off that it is up again", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  registries.failures.set("a.io", refused);
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(10_000);
  assert.deepEqual(registries.times("a.io"), [0, 500, 1500, 3500, 7500]);
  assert.equal(prober.health("Store/s")?.consecutiveFailures, 5);
  registries.failures.clear();
  await clock.advance(8_000);
  assert.equal(prober.health("Store/s")?.status, "True");
});

test("Prober obeys Retry-After for every Store that asks with the same identity", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"]), store("Store/t", ["a.io"], { intervalMs: 7 * minute })]);
  await clock.advance(0);
  registries.failures.set("a.io", { class: "RateLimited", message: "a.io: slow down", retryAt: clock.now() + 20 * minute });
  await clock.advance(19 * minute);
  assert.deepEqual(registries.times("a.io"), [0, 0, 5 * minute]);
  registries.failures.clear();
  await clock.advance(2 * minute);
  assert.deepEqual(registries.times("a.io"), [0, 0, 5 * minute, 20 * minute, 20 * minute]);
});

test("Prober keeps to 4 probes at a time, and to 5 a second with 10 at once for one origin", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  registries.durationMs = 10;
  prober.sync(Array.from({ length: 30 }, (_, at) => store(`Store/s${at}`, ["a.io"])));
  await clock.advance(1000);
  assert.equal(registries.mostActive, 4);
  assert.equal(registries.asked.length, 15);
  await clock.advance(3000);
  assert.equal(registries.asked.length, 30);
});

test("Prober spreads the first probes of more than 50 Stores, and probes one edited meanwhile at once", async () => {
  const { clock, registries, prober, store, run } = setUp();
  let drawn = 0;
  const spread = new Prober({ clock, logger: silentLogger, random: () => (drawn++ % 100) / 100, onChange: () => {} });
  void spread.run(new AbortController().signal);
  void run();
  void prober;
  const stores = Array.from({ length: 1000 }, (_, at) => store(`Store/s${at}`, [`h${at}.io`]));
  spread.sync(stores);
  await clock.advance(0);
  const atOnce = registries.asked.length;
  assert.ok(atOnce <= 10, String(atOnce));
  spread.sync(stores.with(999, store("Store/s999", ["edited.io"], { generation: 2, revision: "r2" })));
  await clock.advance(0);
  assert.deepEqual(registries.times("edited.io"), [0]);
  await clock.advance(25_000);
  assert.equal(registries.asked.length, 1000);
});

test("Prober.observe() of a success makes a Failing Store reachable and postpones its next probe", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  registries.failures.set("a.io", denied);
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(4 * minute);
  prober.observe("Store/s", traffic("a.io", clock));
  assert.equal(prober.health("Store/s")?.reason, "TrafficSucceeded");
  await clock.advance(4 * minute);
  assert.equal(registries.asked.length, 1);
  await clock.advance(1 * minute);
  assert.equal(registries.asked.length, 2);
});

test("Prober.observe() of failures past the threshold has the host probed soon", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(minute);
  for (let n = 0; n < 3; n += 1) prober.observe("Store/s", traffic("a.io", clock, refused));
  assert.equal(prober.health("Store/s")?.status, "False");
  await clock.advance(2000);
  assert.deepEqual(registries.times("a.io"), [0, minute + 2000]);
  assert.equal(prober.health("Store/s")?.status, "True");
});

test("Prober.observe() is deaf to requests of a former revision until the first probe of the new one has answered", async () => {
  const { clock, registries, prober, store, run } = setUp();
  registries.failures.set("a.io", denied);
  prober.sync([store("Store/s", ["a.io"])]);
  prober.observe("Store/s", traffic("a.io", clock));
  assert.equal(prober.health("Store/s")?.status, "Unknown");
  void run();
  await clock.advance(0);
  assert.equal(prober.health("Store/s")?.status, "False");
});

test("Prober.observe() reports only what alters the picture, and a busy Store's time of check once an interval", async () => {
  const { clock, prober, store, run, changed, registries } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(0);
  assert.equal(changed.length, 1);
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(1000);
    prober.observe("Store/s", traffic("a.io", clock));
  }
  assert.equal(registries.asked.length, 1);
  assert.equal(changed.length, 3);
});

test("Prober shows hosts behind a wildcard once traffic has met them, and does not probe them", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", [])]);
  prober.observe("Store/s", traffic("123.dkr.ecr.eu-west-1.amazonaws.com", clock));
  await clock.advance(60 * minute);
  assert.deepEqual(registries.asked, []);
  assert.deepEqual(
    prober.health("Store/s")?.endpoints.map(({ endpoint, state }) => [endpoint, state]),
    [["123.dkr.ecr.eu-west-1.amazonaws.com", "Healthy"]],
  );
});

test("Prober leaves a suspended Store alone and keeps the last that was known of it", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(0);
  prober.sync([store("Store/s", ["a.io"], { generation: 2, revision: "r2", suspend: true })]);
  prober.observe("Store/s", traffic("a.io", clock, denied));
  await clock.advance(60 * minute);
  assert.equal(registries.asked.length, 1);
  assert.equal(prober.health("Store/s")?.status, "True");
  prober.sync([store("Store/s", ["a.io"], { generation: 3, revision: "r3" })]);
  await clock.advance(0);
  assert.equal(registries.asked.length, 2);
});

test("Prober adopts what a former process knew: one blip after a restart does not count more than before it", async () => {
  const { clock, registries, prober, store, run } = setUp();
  void run();
  const begun = renewStoreHealth(undefined, { uid: "Store/s", generation: 1, suspend: false, endpoints: ["a.io"] });
  const adopted = observeStore(begun, { endpoint: "a.io", source: "probe", time: 1, latencyMs: 1 }, { failureThreshold: 3 });
  registries.failures.set("a.io", refused);
  prober.sync([store("Store/s", ["a.io"], { adopted: () => adopted })]);
  await clock.advance(0);
  assert.equal(prober.health("Store/s")?.status, "True");
  await clock.advance(2000);
  assert.equal(prober.health("Store/s")?.status, "False");
});

test("Prober.check() probes every host once and waits, without run()", async () => {
  const { clock, registries, prober, store } = setUp();
  registries.durationMs = 100;
  registries.failures.set("b.io", denied);
  prober.sync([store("Store/s", ["a.io", "b.io"]), store("Store/t", ["a.io"])]);
  const done = prober.check("Store/s", new AbortController().signal);
  await clock.advance(100);
  await done;
  assert.deepEqual(
    registries.asked.map((entry) => entry.endpoint),
    ["a.io", "b.io"],
  );
  assert.equal(prober.health("Store/s")?.reason, "AuthenticationFailed");
  await prober.check("Store/unknown", new AbortController().signal);
});

test("Prober.check() rejects with its signal's reason", async () => {
  const { clock, registries, prober, store } = setUp();
  registries.silent.add("a.io");
  prober.sync([store("Store/s", ["a.io"])]);
  const stop = new AbortController();
  const done = prober.check("Store/s", stop.signal);
  const reason = new DOMException("enough", "AbortError");
  stop.abort(reason);
  await assert.rejects(done, (error) => error === reason);
  prober.sync([]);
  await clock.settle();
  assert.equal(clock.pending, 0);
});

test("Prober.run() ends cleanly when its signal aborts: probes are given up, no timer is left, and another run takes up what was due", async () => {
  const { clock, registries, prober, store, stop, run, running } = setUp();
  void run();
  registries.silent.add("a.io");
  prober.sync([store("Store/s", ["a.io"])]);
  await clock.advance(1000);
  stop.abort(new DOMException("lease lost", "AbortError"));
  await clock.settle();
  assert.equal(running.ended, true);
  assert.deepEqual([clock.pending, registries.active], [0, 0]);
  assert.equal(prober.health("Store/s")?.status, "Unknown"); // giving up is not a failure of the registry
  registries.silent.clear();
  void prober.run(new AbortController().signal);
  await clock.advance(0);
  assert.equal(prober.health("Store/s")?.status, "True");
});
