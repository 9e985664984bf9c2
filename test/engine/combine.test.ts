import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { combine } from "../../src/engine/combine.ts";
import type { Report, Verdict } from "../../src/engine/report.ts";
import { otherSubject, subject } from "./model-artifact.ts";

const verdicts = {
  allow: { outcome: "allow", reasons: [] },
  deny: { outcome: "deny", code: "PolicyNotSatisfied", reasons: ["no"] },
  inconclusive: { outcome: "inconclusive", code: "StoreFailed", causes: ["down"] },
} as const satisfies Record<string, Verdict>;

function report(outcome: keyof typeof verdicts, more: Partial<Report> = {}): Report {
  return {
    image: "app:v1",
    digest: subject,
    verdict: verdicts[outcome],
    summary: outcome,
    complete: true,
    policies: [],
    stores: [],
    artifacts: [],
    viewRevision: "r",
    durationMs: 1,
    ...more,
  };
}
const elsewhere = { digest: otherSubject } as const;

describe("combine()", () => {
  const rows: readonly (readonly [string, Report, Report, string])[] = [
    ["allows by two who judged the same image", report("allow"), report("allow"), "allow"],
    ["allows nothing by two who judged different images", report("allow"), report("allow", elsewhere), "inconclusive TagAmbiguous"],
    [
      "denies what the cluster denies, whatever the namespace took the tag for",
      report("deny"),
      report("allow", elsewhere),
      "deny PolicyNotSatisfied",
    ],
    [
      "denies what the namespace denies, whatever it took the tag for",
      report("allow"),
      report("deny", elsewhere),
      "deny PolicyNotSatisfied",
    ],
    ["keeps open what is open beside another image", report("inconclusive"), report("allow", elsewhere), "inconclusive TagAmbiguous"],
  ];
  for (const [sentence, cluster, namespaced, word] of rows)
    it(sentence, () => {
      const { verdict } = combine([cluster, namespaced]);
      assert.equal(verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`, word);
    });

  it("is as strict as the strictest of those that are open", () => {
    const open = (onInconclusive: NonNullable<Report["onInconclusive"]>): Report => report("inconclusive", { onInconclusive });
    assert.equal(combine([open("Allow"), open("Deny")]).onInconclusive, "Deny");
    assert.equal(combine([open("Allow"), report("allow")]).onInconclusive, "Allow");
    assert.equal(combine([report("inconclusive"), open("Allow")]).onInconclusive, "Deny");
    assert.equal(combine([open("Allow"), report("allow", elsewhere)]).onInconclusive, "Deny");
  });

  it("lasts no longer than either", () => {
    assert.equal(combine([report("allow", { validUntil: 7 }), report("allow", { validUntil: 5 })]).validUntil, 5);
    assert.equal(combine([report("allow"), report("allow", { validUntil: 5 })]).validUntil, 5);
  });
});
