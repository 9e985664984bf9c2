import assert from "node:assert/strict";
import type { Condition } from "../../src/api/condition.ts";

interface Linted {
  readonly observedGeneration: number;
  readonly conditions?: readonly Condition[] | undefined;
}

/**
 * What GitOps tools rely on, after Flux's condition linter and kstatus (operator.md 2.2). Its FAIL0010 (the root's observedGeneration lags while
 * Reconciling) is left out: it wants two writes for one change. FAIL0003 and 0004 are read as "Ready is not True", since an Unknown one must be Reconciling (0011).
 */
export function lintConditions(status: Linted, generation: number): void {
  const conditions = status.conditions ?? [];
  const statusOf = (type: string): string | undefined => conditions.find((condition) => condition.type === type)?.status;
  const ready = statusOf("Ready");
  const has = (type: string): boolean => statusOf(type) !== undefined;
  const negative = ["Reconciling", "Stalled"];
  assert.ok(
    !(ready === "True" && negative.some((type) => statusOf(type) === "True")),
    "FAIL0001: a negative condition is True while Ready is",
  );
  assert.ok(ready !== undefined, "FAIL0002: Ready is missing");
  assert.ok(!(statusOf("Reconciling") === "True" && ready === "True"), "FAIL0003: Reconciling and Ready");
  assert.ok(!(statusOf("Stalled") === "True" && ready !== "False"), "FAIL0004: Stalled, and Ready is not False");
  assert.ok(!(has("Reconciling") && has("Stalled")), "FAIL0005: both Reconciling and Stalled");
  assert.ok(status.observedGeneration <= generation, "FAIL0006: observedGeneration is ahead of the object");
  if (ready === "True") {
    assert.equal(status.observedGeneration, generation, "FAIL0007: Ready with an old observedGeneration");
    for (const { type, observedGeneration } of conditions) {
      assert.ok((observedGeneration ?? -1) >= generation, `FAIL0008: Ready, and ${type} is of an old generation`);
      assert.equal(observedGeneration, status.observedGeneration, `FAIL0009: ${type} is not of the status's generation`);
    }
  }
  if (ready === "Unknown") assert.equal(statusOf("Reconciling"), "True", "FAIL0011: Ready is Unknown, and nothing is on its way");
  // Ours: what stands beside Flux's rules in operator.md 2.1 and 2.2.
  if (ready === "False")
    assert.ok(has("Reconciling") || has("Stalled"), "Ready is False, and neither will it be tried again nor is it stuck");
  for (const type of negative) assert.ok(!has(type) || statusOf(type) === "True", `${type} stands only while it is True`);
  assert.equal(new Set(conditions.map((condition) => condition.type)).size, conditions.length, "a type twice");
  for (const { type, reason, message, lastTransitionTime } of conditions) {
    assert.match(reason, /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, `${type}: a reason that the API server refuses`);
    assert.ok(message.length > 0 && Buffer.byteLength(message) <= 256, `${type}: message of ${Buffer.byteLength(message)} bytes`);
    assert.match(lastTransitionTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
}
