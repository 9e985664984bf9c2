import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Change, changeOf, type Comparison, noteOf, reasonOf } from "../../src/cli/comparison.ts";
import type { PolicyReport, Report, Verdict } from "../../src/engine/report.ts";
import { digest } from "./fixtures.ts";

const image = "acme.io/app:1";
const allow: Verdict = { outcome: "allow", reasons: ["Verifier/release verified it"] };
const deny: Verdict = { outcome: "deny", code: "PolicyNotSatisfied", reasons: ["denied by Policy/two: needs 2"] };
const doubt: Verdict = { outcome: "inconclusive", code: "StoreFailed", causes: ["Store/production: Timeout"] };

function policy(name: string, outcome: Verdict["outcome"], more: Partial<PolicyReport> = {}): PolicyReport {
  return { name, outcome, enforcement: "Enforce", onInconclusive: "Deny", reason: `of ${name}`, requirements: [], ...more };
}
function report(verdict: Verdict, policies: readonly PolicyReport[] = [], more: Partial<Report> = {}): Report {
  const rest = { complete: true, stores: [], artifacts: [], viewRevision: "", durationMs: 0 };
  return { image, digest: digest("a"), verdict, summary: "what it came to", policies, ...rest, ...more };
}
const exception = { reason: "SEC-142", expirationTime: 0 };

type Row = readonly [what: string, before: Report, after: Report, change: Change, reason: string | undefined];
const rows: readonly Row[] = [
  ["nothing", report(allow, [policy("P", "allow")]), report(allow, [policy("P", "allow", { reason: "else" })]), "unchanged", undefined],
  ["a doubt that stays", report(doubt), report(doubt), "unchanged", undefined],
  ["a policy that is new", report(allow), report(deny, [policy("P", "deny")]), "lost", "P applies now: of P"],
  [
    "a policy that only warned",
    report(allow, [policy("P", "deny", { enforcement: "Warn" })]),
    report(deny, [policy("P", "deny")]),
    "lost",
    "P is enforced now (was Warn): of P",
  ],
  [
    "a policy that asks for more",
    report(allow, [policy("P", "allow"), policy("Q", "allow")]),
    report(deny, [policy("P", "deny"), policy("Q", "allow")]),
    "lost",
    "P denies, and allowed before: of P",
  ],
  [
    "a policy that cannot be decided",
    report(allow, [policy("P", "allow")]),
    report(doubt, [policy("P", "inconclusive"), policy("R", "inconclusive", { enforcement: "Audit" })]),
    "lost",
    "P is in doubt, and allowed before: of P",
  ],
  [
    "an exception that is gone",
    report(allow, [policy("P", "allow", { exception })]),
    report(deny, [policy("P", "deny")]),
    "lost",
    "P makes no exception any more: of P",
  ],
  ["no Store", report(allow), report({ ...deny, code: "NoStore", reasons: ["no Store matches"] }), "lost", "no Store matches"],
  [
    "one of many",
    report(allow),
    report(
      deny,
      ["A", "B", "C", "D"].map((name) => policy(name, "deny")),
    ),
    "lost",
    "A applies now: of A; B applies now: of B; C applies now: of C",
  ],
  ["a policy that is gone", report(deny, [policy("P", "deny")]), report(allow), "gained", "P does not apply any more"],
  [
    "a policy that only audits",
    report(deny, [policy("P", "deny")]),
    report(allow, [policy("P", "deny", { enforcement: "Audit" })]),
    "gained",
    "P is not enforced any more (is Audit)",
  ],
  [
    "an exception",
    report(deny, [policy("P", "deny")]),
    report(allow, [policy("P", "allow", { exception, reason: "exempt until" })]),
    "gained",
    "P makes an exception: exempt until",
  ],
  [
    "a policy that asks for less",
    report(doubt, [policy("P", "inconclusive")]),
    report(allow, [policy("P", "allow")]),
    "gained",
    "P allows, and was in doubt before: of P",
  ],
  [
    "a Store",
    report({ ...deny, code: "NoStore", reasons: ["no Store matches"] }),
    report(allow, [policy("P", "allow")]),
    "gained",
    "what stood in the way does not any more: no Store matches",
  ],
  ["a doubt in place of a no", report(deny), report(doubt), "other", "Store/production: Timeout"],
  [
    "another code by the same policy",
    report({ ...deny, code: "TagRefused" }, [policy("P", "deny", { reason: "refuses tags" })]),
    report(deny, [policy("P", "deny")]),
    "other",
    "P: of P (was: refuses tags)",
  ],
  [
    "a door that would let a doubt in",
    report(doubt, [policy("P", "inconclusive")], { onInconclusive: "Deny" }),
    report(doubt, [policy("P", "inconclusive")], { onInconclusive: "Allow" }),
    "other",
    "in doubt all the same, but onInconclusive was Deny and is Allow",
  ],
];

describe("a comparison", () => {
  for (const [what, before, after, change, reason] of rows)
    it(`says ${change}, and why, of ${what}`, () => {
      const comparison: Comparison = { image, before, after };
      assert.deepEqual([changeOf(comparison), reasonOf(comparison), noteOf(comparison)], [change, reason, undefined]);
    });

  it("of two images that are both allowed is a change, and has no reason but a note", () => {
    const comparison: Comparison = { image, before: report(allow), after: report(allow, [], { digest: digest("b") }) };
    assert.deepEqual([changeOf(comparison), reasonOf(comparison)], ["other", undefined]);
    assert.match(
      noteOf(comparison) ?? "",
      new RegExp(`^it is another image: ${digest("a")} by the old manifests, ${digest("b")} by the new`),
    );
  });

  it("does not take an image whose digest was not found out for another one", () => {
    const { digest: _, ...unresolved } = report(doubt);
    const comparison: Comparison = { image, before: report(doubt), after: unresolved };
    assert.deepEqual([changeOf(comparison), noteOf(comparison)], ["unchanged", undefined]);
  });
});
