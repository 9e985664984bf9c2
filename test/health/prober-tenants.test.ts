import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Failure } from "../../src/api/error-class.ts";
import { type ProbedStore, Prober } from "../../src/health/prober.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ManualClock } from "../support/clock.ts";

/** Probes that are written down, and never answer where the host is called slow. */
function bench() {
  const clock = new ManualClock();
  const asked: { readonly key: string; readonly endpoint: string; readonly at: number }[] = [];
  const failures = new Map<string, Failure>();
  const prober = new Prober({ clock, logger: silentLogger, random: () => 0.5, onChange: () => {} });
  const store = (key: string, endpoint: string, tenant?: string): ProbedStore => ({
    key,
    ...(tenant !== undefined && { tenant }),
    uid: key,
    generation: 1,
    revision: "r1",
    intervalMs: 300_000,
    failureThreshold: 3,
    suspend: false,
    probe: {
      endpoints: () => [endpoint],
      probe: async (host, signal) => {
        asked.push({ key, endpoint: host, at: clock.monotonic() });
        if (host.startsWith("slow")) await clock.sleep(3_600_000, signal);
        const failure = failures.get(key);
        return { endpoint: host, source: "probe", time: clock.now(), latencyMs: 1, ...(failure !== undefined && { failure }) };
      },
    },
  });
  const stop = new AbortController();
  const begin = async (stores: readonly ProbedStore[]): Promise<void> => {
    prober.sync(stores);
    void prober.run(stop.signal);
    await clock.advance(0);
  };
  return { clock, asked, failures, prober, store, begin, stop };
}

const keysOf = (asked: readonly { readonly key: string }[]): readonly string[] => asked.map(({ key }) => key);

describe("Prober with Stores of namespaces", () => {
  it("probes the cluster's at once, whatever namespaces have to be probed", async () => {
    const { store, begin, asked, stop } = bench();
    const evil = Array.from({ length: 40 }, (_, at) => store(`NamespacedStore/evil/${at}`, `slow-${at}.example`, "evil"));
    await begin([...evil, ...["a", "b", "c"].map((name) => store(`Store/${name}`, `${name}.example`))]);
    assert.deepEqual(
      keysOf(asked).filter((key) => key.startsWith("Store/")),
      ["Store/a", "Store/b", "Store/c"],
    );
    assert.equal(asked.length, 5);
    stop.abort();
  });

  it("probes two of a namespace at a time, and four of all", async () => {
    const { store, begin, asked, stop } = bench();
    const of = (tenant: string): readonly ProbedStore[] =>
      Array.from({ length: 10 }, (_, at) => store(`NamespacedStore/${tenant}/${at}`, `slow-${at}.example`, tenant));
    await begin([...of("evil"), ...of("bad"), ...of("good")]);
    assert.equal(asked.length, 4);
    for (const tenant of ["evil", "bad"]) assert.equal(keysOf(asked).filter((key) => key.includes(`/${tenant}/`)).length, 2);
    stop.abort();
  });

  it("gives namespaces turns: one that waits is not behind all of another's", async () => {
    const { clock, store, begin, asked, stop } = bench();
    const evil = Array.from({ length: 40 }, (_, at) => store(`NamespacedStore/evil/${at}`, `slow-${at}.example`, "evil"));
    const others = ["a", "b", "c"].map((name) => store(`NamespacedStore/${name}/s`, "quick.example", name));
    await begin([...evil, ...others]);
    assert.equal(keysOf(asked).filter((key) => !key.includes("evil")).length, 3);
    await clock.advance(10_000);
    assert.equal(keysOf(asked).filter((key) => key.includes("evil")).length, 4);
    stop.abort();
  });

  it("does not let a namespace use up the cluster's politeness towards a registry", async () => {
    const { store, begin, asked, stop } = bench();
    const evil = Array.from({ length: 40 }, (_, at) => store(`NamespacedStore/evil/${at}`, "registry.example", "evil"));
    await begin([...evil, store("Store/own", "registry.example")]);
    assert.deepEqual(
      asked.filter(({ key }) => key === "Store/own").map(({ at }) => at),
      [0],
    );
    stop.abort();
  });

  it("does not hold back the cluster by a Retry-After that a namespace was given", async () => {
    const { clock, store, begin, asked, failures, stop } = bench();
    const retryAt = clock.now() + 3_600_000;
    failures.set("NamespacedStore/evil/s", { class: "RateLimited", message: "too many", retryAt });
    await begin([store("NamespacedStore/evil/s", "registry.example", "evil"), store("Store/own", "registry.example")]);
    await clock.advance(310_000);
    assert.equal(keysOf(asked).filter((key) => key === "Store/own").length, 2);
    assert.equal(keysOf(asked).filter((key) => key === "NamespacedStore/evil/s").length, 1);
    stop.abort();
  });
});
