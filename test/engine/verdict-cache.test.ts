import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Report, Verdict } from "../../src/engine/report.ts";
import { type Ask, type Flight, VerdictCache } from "../../src/engine/verdict-cache.ts";
import { ManualClock } from "../support/clock.ts";

const verdicts = {
  allow: { outcome: "allow", reasons: [] },
  deny: { outcome: "deny", code: "NoValidSignature", reasons: [] },
  inconclusive: { outcome: "inconclusive", code: "StoreFailed", causes: [] },
} as const satisfies Record<string, Verdict>;

function report(verdict: Verdict, complete = true): Report {
  return { image: "app", verdict, complete, summary: "", policies: [], stores: [], artifacts: [], viewRevision: "r1", durationMs: 1 };
}

/** Of an image of a registry of its own, for nobody in particular. */
function asked(key: string, more: Partial<Ask> = {}): Ask {
  return { key, hosts: [`${key}.example`], isTenant: false, ...more };
}

/** A cache, and a verification that counts how often it is done. */
function bench(answer: Report = report(verdicts.allow)) {
  const clock = new ManualClock();
  const cache = new VerdictCache({ clock });
  let runs = 0;
  const work = (): Promise<Report> => {
    runs += 1;
    return Promise.resolve(answer);
  };
  const ask = (key = "k"): Promise<Report> => cache.run(asked(key), work, new AbortController().signal);
  return { clock, cache, ask, runs: () => runs };
}

describe("VerdictCache.run() remembers", () => {
  const minutes = 60_000;
  const rows: readonly (readonly [string, Report, number, number])[] = [
    ["allow until just before ten minutes have passed", report(verdicts.allow), 10 * minutes - 1, 1],
    ["allow for ten minutes and no longer", report(verdicts.allow), 10 * minutes, 2],
    ["allow though the report is not complete: nothing could change it", report(verdicts.allow, false), minutes, 1],
    ["a complete deny until just before thirty seconds have passed", report(verdicts.deny), 29_999, 1],
    ["a complete deny for thirty seconds and no longer", report(verdicts.deny), 30_000, 2],
    ["no deny that was reached past a failure", report(verdicts.deny, false), 0, 2],
    ["nothing inconclusive", report(verdicts.inconclusive), 0, 2],
    ["nothing inconclusive, complete or not", report(verdicts.inconclusive, false), 0, 2],
  ];
  for (const [sentence, answer, laterMs, runs] of rows) {
    it(sentence, async () => {
      const { clock, ask, runs: count } = bench(answer);
      assert.equal(await ask(), answer);
      await clock.advance(laterMs);
      assert.equal(await ask(), answer);
      assert.equal(count(), runs);
    });
  }

  it("each key by itself", async () => {
    const { ask, runs } = bench();
    for (const key of ["a", "b", "a", "b"]) await ask(key);
    assert.equal(runs(), 2);
  });

  it("the age of an answer from when it was given, not from when it was last asked for", async () => {
    const { clock, ask, runs } = bench();
    await ask();
    for (let at = 0; at < 10; at += 1) {
      await clock.advance(60_000);
      await ask();
    }
    assert.equal(runs(), 2);
  });
});

describe("VerdictCache.run() flies", () => {
  /** A verification that ends when it is told. */
  function held() {
    const clock = new ManualClock();
    const cache = new VerdictCache({ clock });
    const flights: Flight[] = [];
    const { promise, resolve } = Promise.withResolvers<Report>();
    const work = (flight: Flight): Promise<Report> => {
      flights.push(flight);
      return promise;
    };
    const ask = (signal = new AbortController().signal, key = "k"): Promise<Report> => cache.run(asked(key), work, signal);
    return { clock, cache, ask, work, flights, end: resolve };
  }

  it("once for all who ask for the same key meanwhile", async () => {
    const { ask, flights, end, clock } = held();
    const asked = [ask(), ask(), ask()];
    await clock.settle();
    end(report(verdicts.inconclusive));
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    assert.equal(flights.length, 1);
  });

  it("on when its only caller has left, and the next one has its answer", async () => {
    const { ask, flights, end, clock } = held();
    const caller = new AbortController();
    const asked = ask(caller.signal);
    await clock.settle();
    caller.abort("gone");
    await assert.rejects(asked, (reason) => reason === "gone");
    assert.equal(flights[0]?.signal.aborted, false);
    end(report(verdicts.allow));
    await clock.settle();
    assert.equal((await ask()).verdict, verdicts.allow);
    assert.equal(flights.length, 1);
  });

  it("for thirty seconds of its own, whoever asked first, and leaves no timer", async () => {
    const { ask, flights, end, clock } = held();
    void ask();
    await clock.advance(29_999);
    assert.equal(flights[0]?.signal.aborted, false);
    await clock.advance(1);
    assert.match(String(flights[0]?.signal.reason), /^TimeoutError/);
    end(report(verdicts.inconclusive));
    await clock.settle();
    assert.equal(clock.pending, 0);
  });

  it("with what it knows so far for whoever has to answer earlier, and with nothing when it is over", async () => {
    const { ask, cache, flights, end, clock } = held();
    const asked = ask();
    await clock.settle();
    assert.equal(cache.soFar("k"), undefined);
    const soFar = report(verdicts.inconclusive, false);
    flights[0]?.observable(() => soFar);
    assert.deepEqual([cache.soFar("k"), cache.soFar("other")], [soFar, undefined]);
    end(report(verdicts.deny));
    await asked;
    assert.equal(cache.soFar("k"), undefined);
  });

  it("128 at a time, so that a burst does not open thousands of connections", async () => {
    const { cache, work, flights, end, clock } = held();
    const { signal } = new AbortController();
    const all = Array.from({ length: 200 }, (_, at) =>
      cache.run(asked(`k${at}`, { hosts: [`registry-${at % 50}.example`] }), work, signal),
    );
    await clock.settle();
    assert.equal(flights.length, 128);
    end(report(verdicts.allow));
    await Promise.all(all);
    assert.equal(flights.length, 200);
  });

  it("anew after one that failed, which is remembered by nobody", async () => {
    const clock = new ManualClock();
    const cache = new VerdictCache({ clock });
    const { signal } = new AbortController();
    await assert.rejects(
      cache.run(asked("k"), () => Promise.reject(new TypeError("a defect")), signal),
      TypeError,
    );
    assert.equal((await cache.run(asked("k"), () => Promise.resolve(report(verdicts.allow)), signal)).verdict, verdicts.allow);
    assert.equal(clock.pending, 0);
  });
});
