import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FairLimit, FullError, type Place } from "../../src/kernel/fair-limit.ts";

const never = new AbortController().signal;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Group, and the keys of its shares, each at most `most` at a time. */
function place(group: string, keys: readonly string[] = [], most = 2): Place {
  return { group, shares: keys.map((key) => ({ key, most })) };
}

/** Work that ends when it is told, in the order in which it has begun. */
function bench(options: Partial<ConstructorParameters<typeof FairLimit>[0]> = {}) {
  const limit = new FairLimit({ size: 3, waitingPerLane: 100, waitingPerGroup: 100, ...options });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string, where: Place, signal = never): Promise<string> =>
    limit.run(
      where,
      async () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        ends.set(name, resolve);
        await promise;
        return name;
      },
      signal,
    );
  const end = async (...names: readonly string[]): Promise<void> => {
    await settle();
    for (const name of names) {
      ends.get(name)?.();
      await settle();
    }
  };
  return { limit, begun, ask, end };
}

describe("FairLimit.run()", () => {
  it("runs at once what has a place, and no more than its size", async () => {
    const { limit, begun, ask, end } = bench();
    for (const name of ["1", "2", "3", "4"]) void ask(name, place("a"));
    await settle();
    assert.deepEqual([begun, limit.active, limit.waiting], [["1", "2", "3"], 3, 1]);
    await end("2");
    assert.deepEqual([begun, limit.active, limit.waiting], [["1", "2", "3", "4"], 3, 0]);
    await end("1", "3", "4");
    assert.equal(limit.active, 0);
  });

  it("keeps a place for others from whoever uses one thing only", async () => {
    const { begun, ask, end } = bench();
    for (const name of ["1", "2", "3"]) void ask(name, place("a", ["slow"]));
    void ask("4", place("b", ["quick"]));
    await settle();
    assert.deepEqual(begun, ["1", "2", "4"]);
    await end("1");
    assert.deepEqual(begun, ["1", "2", "4", "3"]);
  });

  it("lets nobody run before each of its shares has room", async () => {
    const { begun, ask, end } = bench({ size: 9 });
    for (const name of ["1", "2"]) void ask(name, place("a", ["x"]));
    for (const name of ["3", "4"]) void ask(name, place("a", ["y"]));
    void ask("5", place("a", ["x", "y"]));
    await end("1");
    assert.deepEqual(begun, ["1", "2", "3", "4"]);
    await end("3");
    assert.deepEqual(begun, ["1", "2", "3", "4", "5"]);
  });

  it("goes round the groups that wait, however many wait in one of them", async () => {
    const { begun, ask, end } = bench({ size: 1 });
    for (const name of ["a0", "a1", "a2", "a3", "b1", "b2", "c1"]) void ask(name, place(name.slice(0, 1)));
    for (let at = 0; at < 7; at += 1) await end(begun.at(-1) ?? "");
    assert.deepEqual(begun, ["a0", "a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  it("goes round what is used within a group", async () => {
    const { begun, ask, end } = bench({ size: 1 });
    for (const name of ["x0", "x1", "x2", "y1", "z1", "y2"]) void ask(name, place("a", [name.slice(0, 1)]));
    for (let at = 0; at < 6; at += 1) await end(begun.at(-1) ?? "");
    assert.deepEqual(begun, ["x0", "x1", "y1", "z1", "x2", "y2"]);
  });

  it("passes over a group without a free share, which keeps its turn", async () => {
    const { begun, ask, end } = bench({ size: 2 });
    void ask("a1", place("a", ["x"], 1));
    void ask("b1", place("b", ["y"], 1));
    void ask("a2", place("a", ["x"], 1));
    void ask("c1", place("c", ["z"], 1));
    await end("b1");
    assert.deepEqual(begun, ["a1", "b1", "c1"]);
    void ask("c2", place("c", ["z"], 1));
    await end("a1");
    assert.deepEqual(begun, ["a1", "b1", "c1", "a2"]);
  });

  it("refuses at once what would wait behind too many of its own, and nobody else", async () => {
    const { limit, ask } = bench({ size: 1, waitingPerLane: 2, waitingPerGroup: 3 });
    void ask("0", place("z"));
    for (const name of ["1", "2"]) void ask(name, place("a", ["x"]));
    await assert.rejects(ask("3", place("a", ["x"])), FullError);
    void ask("4", place("a", ["y"]));
    await assert.rejects(ask("5", place("a", ["y"])), FullError);
    void ask("6", place("b", ["x"]));
    await settle();
    assert.equal(limit.waiting, 4);
  });

  it("forgets who aborts while it waits, and does not start it", async () => {
    const { limit, begun, ask, end } = bench({ size: 1 });
    void ask("1", place("a"));
    const caller = new AbortController();
    const gone = ask("2", place("b"), caller.signal);
    void ask("3", place("b"));
    caller.abort(new DOMException("gone", "AbortError"));
    await assert.rejects(gone, { name: "AbortError" });
    assert.equal(limit.waiting, 1);
    await end("1", "3");
    assert.deepEqual([begun, limit.active, limit.waiting], [["1", "3"], 0, 0]);
    await assert.rejects(ask("4", place("a"), AbortSignal.abort(new DOMException("gone", "AbortError"))), { name: "AbortError" });
    assert.equal(limit.active, 0);
  });

  it("frees its place and shares when the work fails", async () => {
    const { limit, ask, end } = bench({ size: 1 });
    await assert.rejects(
      limit.run(place("a", ["x"], 1), () => Promise.reject(new RangeError("no")), never),
      RangeError,
    );
    const done = ask("1", place("a", ["x"], 1));
    await end("1");
    assert.equal(await done, "1");
  });
});

describe("FairLimit", () => {
  const asks = fc.array(fc.record({ group: fc.nat({ max: 3 }), keys: fc.subarray(["x", "y", "z"]), leaves: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  });

  it("never runs more than its size or a share allows, and in the end all who stay", async () => {
    await fc.assert(
      fc.asyncProperty(asks, fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), async (list, choices) => {
        const limit = new FairLimit({ size: 3, waitingPerLane: 100, waitingPerGroup: 100 });
        const running = new Map<number, { readonly keys: readonly string[]; readonly end: () => void }>();
        const done = new Set<number>();
        const runs = list.map(async ({ group, keys, leaves }, at) => {
          const caller = new AbortController();
          const run = limit.run(
            place(String(group), keys),
            async () => {
              const { promise, resolve } = Promise.withResolvers<void>();
              running.set(at, { keys, end: resolve });
              await promise;
              running.delete(at);
              done.add(at);
            },
            caller.signal,
          );
          if (leaves) caller.abort();
          await run.catch(() => done.add(at));
        });
        for (let turn = 0; done.size < list.length; turn += 1) {
          await settle();
          assert.ok(running.size <= 3);
          for (const key of ["x", "y", "z"]) assert.ok([...running.values()].filter(({ keys }) => keys.includes(key)).length <= 2);
          const all = [...running.values()];
          assert.ok(all.length > 0 || done.size === list.length, "somebody waits for nobody");
          all[(choices[turn % choices.length] ?? 0) % Math.max(all.length, 1)]?.end();
        }
        await Promise.all(runs);
        assert.deepEqual([limit.active, limit.waiting], [0, 0]);
      }),
    );
  });

  it("starves nobody: between two turns of a group every other that waits has one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 40 }), async (groups) => {
        const { begun, ask, end } = bench({ size: 1 });
        for (const [at, group] of groups.entries()) void ask(`${group}-${at}`, place(String(group)));
        while (begun.length < groups.length) await end(begun.at(-1) ?? "");
        const order = begun.slice(1).map((name) => name.split("-")[0] ?? "");
        for (const [at, group] of order.entries()) {
          const next = order.indexOf(group, at + 1);
          if (next < 0) continue;
          const between = new Set(order.slice(at + 1, next));
          // All waited from the beginning: whoever comes later had its turn in between.
          for (const other of new Set(order.slice(next))) if (other !== group) assert.ok(between.has(other), begun.join(" "));
        }
      }),
    );
  });
});
