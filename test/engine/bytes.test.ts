import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defaultLimits, type StoreLimits } from "../../src/api/store.ts";
import { ByteBudget } from "../../src/engine/bytes.ts";
import { digestOf } from "../../src/oci/digest-of.ts";

const image = digestOf(Buffer.from("image"));
const digest = (n: number): typeof image => digestOf(Buffer.from(`artifact ${n}`));

/** Ten artifacts with a part of 100 bytes each, and 1000 bytes for whoever comes. */
const limits: StoreLimits = { ...defaultLimits, artifacts: 10, totalBytes: 2000 };

function reader(budget = new ByteBudget(), store = "a") {
  return (n: number, size: number, subject = image): boolean => budget.take({ store, limits, subject, artifact: digest(n), size });
}

describe("ByteBudget.take()", () => {
  it("keeps every artifact's part, whatever the others take", () => {
    const take = reader();
    assert.deepEqual(
      [take(1, 1100), take(2, 101), take(2, 100), take(3, 60), take(3, 40), take(3, 1)],
      [true, false, true, true, true, false],
    );
  });
  it("gives what is left of a part and the rest from the common half", () => {
    const take = reader();
    assert.deepEqual([take(1, 60), take(1, 1040), take(2, 100), take(2, 1)], [true, true, true, false]);
  });
  it("gives what refers to an artifact of the image from the common half only", () => {
    const take = reader();
    assert.equal(take(1, 50), true);
    assert.deepEqual([take(20, 1000, digest(1)), take(21, 1, digest(1)), take(2, 100)], [true, false, true]);
  });
  it("gives no part to more artifacts than there may be", () => {
    const take = reader();
    for (let n = 0; n < 10; n += 1) assert.equal(take(n, 1), true);
    assert.deepEqual([take(10, 1000), take(11, 1), take(9, 99)], [true, false, true]);
  });
  it("counts each Store by itself", () => {
    const budget = new ByteBudget();
    assert.equal(reader(budget, "a")(1, 1100), true);
    assert.equal(reader(budget, "b")(1, 1100), true);
  });
  it("gives an empty read for nothing, and nothing more when all is gone", () => {
    const take = reader();
    for (let n = 0; n < 10; n += 1) take(n, 100);
    take(0, 1000);
    assert.deepEqual([take(0, 0), take(0, 1), take(99, 1)], [true, false, false]);
  });

  it("never gives more than the limit in all, and always each part", () => {
    const reads = fc.array(fc.record({ n: fc.nat({ max: 20 }), size: fc.nat({ max: 400 }), nested: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(reads, (list) => {
        const take = reader();
        take(0, 0);
        const given = list.flatMap(({ n, size, nested }) => (take(n, size, nested ? digest(0) : image) ? [size] : []));
        assert.ok(given.reduce((sum, size) => sum + size, 0) <= limits.totalBytes);
      }),
    );
  });
});
