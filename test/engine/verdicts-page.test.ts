import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ListingState, Verdict } from "../../src/engine/report.ts";

/** Total over the unions of the code: a member that is added has to be written here, and then on the page. */
const words: { readonly [W in Exclude<Verdict, { outcome: "allow" }>["code"] | ListingState | Verdict["outcome"]]: true } = {
  allow: true,
  deny: true,
  inconclusive: true,
  NoValidSignature: true,
  NoStore: true,
  NotFound: true,
  PolicyNotSatisfied: true,
  TagRefused: true,
  PolicyInvalid: true,
  ExpressionFailed: true,
  NotConfigured: true,
  StoreFailed: true,
  TagAmbiguous: true,
  SubjectUnresolved: true,
  VerifierNotReady: true,
  VerifierInconclusive: true,
  ArtifactUnreadable: true,
  LimitExceeded: true,
  Timeout: true,
  Busy: true,
  Complete: true,
  Failed: true,
  NotAwaited: true,
  CoveredByOther: true,
};

test("docs/reference/verdicts.md has a row for every outcome, code and state of a listing", () => {
  const page = readFileSync(new URL("../../docs/reference/verdicts.md", import.meta.url), "utf8");
  const missing = Object.keys(words).filter((word) => !page.includes(`\n| \`${word}\` |`));
  assert.deepEqual(missing, []);
});

test("docs/reference/report-v1.schema.json has every code", () => {
  const schema = readFileSync(new URL("../../docs/reference/report-v1.schema.json", import.meta.url), "utf8");
  const missing = Object.keys(words).filter((word) => !schema.includes(`"${word}"`));
  assert.deepEqual(missing, []);
});
