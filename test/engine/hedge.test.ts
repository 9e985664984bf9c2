import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hedge } from "../../src/engine/hedge.ts";
import { ManualClock } from "../support/clock.ts";

interface Attempt {
  readonly signal: AbortSignal;
  readonly resolve: (value: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Attempts that a test ends by hand; they do not listen to their signal. */
function bench(candidates: readonly string[], signal = new AbortController().signal) {
  const clock = new ManualClock();
  const attempts = new Map<string, Attempt>();
  const outcome = hedge(
    candidates,
    (candidate: string, aborted) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      attempts.set(candidate, { signal: aborted, resolve, reject });
      return promise;
    },
    { clock, hedgeMs: 250 },
    signal,
  );
  return {
    clock,
    outcome,
    asked: () => [...attempts.keys()],
    end: (name: string) => attempts.get(name) ?? assert.fail(`${name} was not asked`),
  };
}

describe("hedge()", () => {
  it("asks the first only while it is quick, and leaves no timer behind", async () => {
    const { clock, outcome, asked, end } = bench(["a", "b"]);
    await clock.advance(249);
    assert.deepEqual(asked(), ["a"]);
    end("a").resolve("listed");
    assert.deepEqual(await outcome, { winner: { candidate: "a", value: "listed" }, failures: new Map() });
    await clock.settle();
    assert.equal(clock.pending, 0);
  });

  it("asks the next at once when one fails, without waiting for the hedge delay", async () => {
    const { clock, outcome, asked, end } = bench(["a", "b", "c"]);
    end("a").reject("401");
    await clock.settle();
    assert.deepEqual(asked(), ["a", "b"]);
    end("b").resolve("listed");
    assert.deepEqual(await outcome, { winner: { candidate: "b", value: "listed" }, failures: new Map([["a", "401"]]) });
  });

  it("asks the next beside a slow one after the hedge delay, and one more for each delay", async () => {
    const { clock, outcome, asked, end } = bench(["a", "b", "c"]);
    await clock.advance(250);
    assert.deepEqual(asked(), ["a", "b"]);
    await clock.advance(250);
    assert.deepEqual(asked(), ["a", "b", "c"]);
    end("c").resolve("listed");
    assert.deepEqual(await outcome, { winner: { candidate: "c", value: "listed" }, failures: new Map() });
  });

  it("starts one for each failure and none twice when a failure and the delay meet", async () => {
    const { clock, outcome, asked, end } = bench(["a", "b", "c"]);
    await clock.advance(249);
    end("a").reject("401");
    await clock.advance(1);
    assert.deepEqual(asked(), ["a", "b"]);
    await clock.advance(249);
    assert.deepEqual(asked(), ["a", "b", "c"]);
    end("b").resolve("listed");
    await outcome;
  });

  it("aborts losers, and their failures are none", async () => {
    const { clock, outcome, end } = bench(["a", "b"]);
    await clock.advance(250);
    end("b").resolve("listed");
    assert.deepEqual(await outcome, { winner: { candidate: "b", value: "listed" }, failures: new Map() });
    assert.deepEqual([end("a").signal.aborted, (end("a").signal.reason as DOMException).name], [true, "AbortError"]);
    // A late rejection that nobody awaits would end the process.
    end("a").reject("late");
    await clock.settle();
  });

  it("lets a slow one win though a later one failed", async () => {
    const { clock, outcome, end } = bench(["a", "b"]);
    await clock.advance(250);
    end("b").reject("500");
    await clock.settle();
    end("a").resolve("listed");
    assert.deepEqual(await outcome, { winner: { candidate: "a", value: "listed" }, failures: new Map([["b", "500"]]) });
  });

  it("has no winner when all have failed, and says how each did", async () => {
    const { clock, outcome, end } = bench(["a", "b"]);
    end("a").reject("401");
    await clock.settle();
    end("b").reject("500");
    assert.deepEqual(await outcome, { failures: new Map([["a", "401"], ["b", "500"]]) }); // biome-ignore format: one line
    assert.equal(clock.pending, 0);
  });

  it("has no winner of nobody", async () => assert.deepEqual(await bench([]).outcome, { failures: new Map() }));

  it("ends when its caller leaves, though nobody listens, and asks nobody else", async () => {
    const caller = new AbortController();
    const { clock, outcome, asked, end } = bench(["a", "b", "c"], caller.signal);
    await clock.advance(250);
    caller.abort("gone");
    assert.deepEqual(await outcome, { failures: new Map([["a", "gone"], ["b", "gone"]]) }); // biome-ignore format: one line
    assert.deepEqual(asked(), ["a", "b"]);
    end("a").reject("late");
    await clock.settle();
    assert.equal(clock.pending, 0);
  });

  it("asks nobody for a caller that has left already", async () => {
    const { outcome, asked } = bench(["a"], AbortSignal.abort("gone"));
    assert.deepEqual([await outcome, asked()], [{ failures: new Map() }, []]);
  });

  it("takes an attempt that throws at once for a failed one", async () => {
    const outcome = await hedge(
      ["a", "b"],
      (candidate) => {
        if (candidate === "a") throw new TypeError("at once");
        return Promise.resolve("listed");
      },
      { clock: new ManualClock(), hedgeMs: 250 },
      new AbortController().signal,
    );
    assert.deepEqual([outcome.winner, [...outcome.failures.keys()]], [{ candidate: "b", value: "listed" }, ["a"]]);
  });
});
