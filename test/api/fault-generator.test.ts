import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resourceKinds } from "../../src/api/object.ts";
import { generateFaults } from "./fault-generator.ts";

describe("generateFaults()", () => {
  it("makes the same objects of the same seed, of every kind and every sort of fault, with one diagnostic each", () => {
    const faults = generateFaults(500, 7);
    assert.deepEqual(faults, generateFaults(500, 7));
    assert.equal(faults.length, 500);
    assert.ok(faults.every(({ diagnostics }) => diagnostics.length === 1));
    assert.equal(new Set(faults.map(({ kind }) => kind)).size, resourceKinds.length);
    assert.ok(new Set(faults.map(({ diagnostics }) => diagnostics[0]?.message.replaceAll(/"[^"]*"|[0-9]+/g, "…"))).size > 40);
  });
});
