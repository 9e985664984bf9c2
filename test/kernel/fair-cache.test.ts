import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FairCache } from "../../src/kernel/fair-cache.ts";

const cacheOf = (max: number, maxSize = 1000): FairCache<string> => new FairCache({ max, maxSize, sizeOf: (text) => text.length });

describe("FairCache", () => {
  it("finds what anybody has put there", () => {
    const cache = cacheOf(2);
    cache.set("k", "v", "a");
    assert.deepEqual([cache.get("k"), cache.get("other")], ["v", undefined]);
  });
  it("drops the least recently used of whoever has most", () => {
    const cache = cacheOf(4);
    cache.set("b1", "v", "b");
    for (const key of ["a1", "a2", "a3"]) cache.set(key, "v", "a");
    cache.get("a1");
    cache.set("c1", "v", "c");
    assert.deepEqual(
      ["b1", "a1", "a2", "a3", "c1"].map((key) => cache.get(key)),
      ["v", "v", undefined, "v", "v"],
    );
  });
  it("lets nobody push out what others keep by filling it", () => {
    const cache = cacheOf(10, 100);
    for (const key of ["b1", "b2"]) cache.set(key, "1234567890", "b");
    for (let at = 0; at < 1000; at += 1) cache.set(`a${at}`, "1234567890", "a");
    assert.deepEqual(
      [cache.get("b1"), cache.get("b2"), cache.get("a999"), cache.get("a0")],
      ["1234567890", "1234567890", "1234567890", undefined],
    );
  });
  it("goes by size where that is what is full", () => {
    const cache = cacheOf(100, 10);
    cache.set("big", "123456", "a");
    for (const key of ["1", "2", "3", "4", "5"]) cache.set(key, "x", "b");
    assert.deepEqual([cache.get("big"), cache.get("1"), cache.size], [undefined, "x", 5]);
  });
  it("counts a key that is put again once, for who put it last", () => {
    const cache = cacheOf(3);
    cache.set("k", "one", "a");
    cache.set("k", "three", "b");
    assert.deepEqual([cache.get("k"), cache.count, cache.size], ["three", 1, 5]);
    cache.delete("k");
    cache.delete("k");
    assert.deepEqual([cache.get("k"), cache.count, cache.size], [undefined, 0, 0]);
  });
  it("does not keep what is larger than everything may be, nor what it had under that key", () => {
    const cache = cacheOf(3, 5);
    cache.set("k", "small", "a");
    cache.set("k", "too large", "a");
    assert.deepEqual([cache.get("k"), cache.size], [undefined, 0]);
  });
  it("is never larger than it may be, and gives what was put last or nothing", () => {
    const sets = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 12 }), fc.constantFrom("a", "b", "c")), { maxLength: 100 });
    fc.assert(
      fc.property(sets, (list) => {
        const cache = cacheOf(8, 30);
        const last = new Map<string, string>();
        for (const [key, length, owner] of list) {
          cache.set(String(key), "x".repeat(length), owner);
          last.set(String(key), "x".repeat(length));
          assert.ok(cache.count <= 8 && cache.size <= 30);
        }
        const kept = [...last].filter(([key]) => cache.get(key) !== undefined);
        for (const [key, value] of kept) assert.equal(cache.get(key), value);
        assert.equal(
          cache.size,
          kept.reduce((sum, [, value]) => sum + value.length, 0),
        );
      }),
    );
  });
});
