import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { type Ask, BusyError, VerdictCache } from "../../src/engine/verdict-cache.ts";
import { entry, modelStore } from "./model-store.ts";
import { ManualClock } from "../support/clock.ts";
import { verify, wordOf } from "./verify.ts";

const { signal } = new AbortController();

/** Verifications that end when they are told, by key. */
function bench() {
  const clock = new ManualClock();
  const cache = new VerdictCache({ clock });
  const ends = new Map<string, (report: Report) => void>();
  const begun: string[] = [];
  const ask = (key: string, more: Partial<Ask> = {}, caller: AbortSignal = signal): Promise<Report> =>
    cache.run(
      { key, hosts: ["registry.example"], isTenant: false, ...more },
      () => {
        begun.push(key);
        const { promise, resolve } = Promise.withResolvers<Report>();
        ends.set(key, resolve);
        return promise;
      },
      caller,
    );
  const flood = (count: number, name: string, more: Partial<Ask>): void => {
    for (let at = 0; at < count; at += 1) ask(`${name}-${at}`, more).catch(() => {});
  };
  const end = (key: string): void => ends.get(key)?.(allow);
  return { clock, cache, ask, flood, begun, end };
}

const allow: Report = {
  image: "app",
  verdict: { outcome: "allow", reasons: [] },
  summary: "",
  complete: true,
  policies: [],
  stores: [],
  artifacts: [],
  viewRevision: "r1",
  durationMs: 1,
};
const slow = { hosts: ["slow.example"] } as const;

describe("VerdictCache.run() shares places:", () => {
  it("a registry that does not answer takes a quarter, and images of others are verified at once", async () => {
    const { clock, ask, flood, begun } = bench();
    flood(200, "slow", slow);
    void ask("other");
    await clock.settle();
    assert.equal(begun.length, 33);
    assert.equal(begun.at(-1), "other");
  });

  it("a namespace takes a quarter, however many registries its images come from", async () => {
    const { clock, ask, flood, begun } = bench();
    for (let at = 0; at < 50; at += 1) flood(1, `evil-${at}`, { namespace: "evil", hosts: [`h${at}.example`] });
    void ask("other", { namespace: "good" });
    await clock.settle();
    assert.equal(begun.length, 33);
    assert.equal(begun.at(-1), "other");
  });

  it("objects of namespaces take three quarters together, and the rest is the cluster's", async () => {
    const { clock, flood, begun } = bench();
    for (let at = 0; at < 200; at += 1) flood(1, `tenant-${at}`, { namespace: `n${at}`, hosts: [`h${at}.example`], isTenant: true });
    await clock.settle();
    assert.equal(begun.length, 96);
    for (let at = 0; at < 40; at += 1) flood(1, `cluster-${at}`, { hosts: [`h${at}.example`] });
    await clock.settle();
    assert.equal(begun.filter((key) => key.startsWith("cluster")).length, 32);
  });

  it("objects of a namespace whose own registry does not answer hold up nobody's images of the registries that they read beside it", async () => {
    const { clock, ask, flood, begun } = bench();
    const both = { hosts: ["registry.example", "tarpit.example"], isTenant: true } as const;
    flood(40, "evil", { ...both, namespace: "evil" });
    void ask("cluster", { namespace: "good" });
    void ask("tenant", { ...both, namespace: "good" });
    await clock.settle();
    assert.equal(begun.length, 34);
    assert.deepEqual(begun.slice(32), ["cluster", "tenant"]);
  });

  it("a namespace that waits does not hold up another that asks for the same image", async () => {
    const { clock, ask, flood, begun, end } = bench();
    for (let at = 0; at < 40; at += 1) flood(1, `evil-${at}`, { namespace: "evil", hosts: [`h${at}.example`] });
    const first = ask("popular", { namespace: "evil" });
    await clock.settle();
    assert.ok(!begun.includes("popular"));
    const second = ask("popular", { namespace: "good" });
    await clock.settle();
    assert.equal(begun.filter((key) => key === "popular").length, 1);
    end("popular");
    assert.deepEqual([await first, await second], [allow, allow]);
    end("evil-0");
    await clock.settle();
    assert.equal(begun.filter((key) => key === "popular").length, 1);
  });

  it("namespaces that wait have turns, however many registries the images of one come from", async () => {
    const { clock, ask, flood, begun, end } = bench();
    for (let at = 0; at < 128; at += 1) flood(1, `full-${at}`, { namespace: `n${at % 4}`, hosts: [`full-${at}.example`] });
    for (let at = 0; at < 20; at += 1) flood(1, `evil-${at}`, { namespace: "evil", hosts: [`evil-${at}.example`] });
    void ask("good", { namespace: "good" });
    await clock.settle();
    assert.equal(begun.length, 128);
    for (const at of [0, 1]) end(`full-${at}-0`);
    await clock.settle();
    assert.deepEqual(begun.slice(128).toSorted(), ["evil-0-0", "good"]);
  });

  it("who would wait behind more than can be answered in time is told at once, and others are not", async () => {
    const { clock, ask, flood, begun } = bench();
    flood(32 + 256, "slow", slow);
    await assert.rejects(ask("late", slow), BusyError);
    void ask("other");
    void ask("late", { ...slow, namespace: "team-a" }).catch(() => {});
    await clock.settle();
    assert.ok(begun.includes("other") && !begun.includes("late"));
  });

  it("who has waited for thirty seconds is told so, and leaves nothing behind", async () => {
    const { clock, ask, flood, end } = bench();
    flood(32, "slow", slow);
    const late = ask("late", slow);
    const told = assert.rejects(late, BusyError);
    await clock.advance(30_000);
    await told;
    for (let at = 0; at < 32; at += 1) end(`slow-${at}`);
    await clock.settle();
    assert.equal(clock.pending, 0);
  });

  it("a namespace that fills the memory of verdicts pushes out its own", async () => {
    const cache = new VerdictCache({ clock: new ManualClock() });
    let runs = 0;
    const ask = (key: string, namespace: string): Promise<Report> =>
      cache.run(
        { key, hosts: [], namespace, isTenant: false },
        () => {
          runs += 1;
          return Promise.resolve(allow);
        },
        signal,
      );
    await ask("kept", "good");
    for (let at = 0; at < 12_000; at += 1) await ask(`flap-${at}`, "evil");
    runs = 0;
    await ask("kept", "good");
    await ask("flap-11999", "evil");
    assert.equal(runs, 0);
    await ask("flap-0", "evil");
    assert.equal(runs, 1);
  });
});

describe("verifyImage()", () => {
  it("is inconclusive(Busy) where there is no place for it, and asks nobody", async () => {
    const clock = new ManualClock();
    const verdicts = new VerdictCache({ clock });
    const hosts = ["a.example"];
    const never = new Promise<never>(() => {});
    for (let at = 0; at < 32 + 256; at += 1) verdicts.run({ key: `k${at}`, hosts, isTenant: false }, () => never, signal).catch(() => {});
    const model = modelStore("a");
    const report = await verify([entry(model)], { clock, verdicts });
    assert.deepEqual([wordOf(report), model.calls], ["inconclusive Busy", []]);
  });
});
