import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { parseScope, type Scope } from "../../src/oci/pattern.ts";
import type { PolicySpec } from "../../src/api/policy.ts";
import type { PolicyStatus } from "../../src/api/status.ts";
import type { PolicyStatusInput } from "../../src/operator/status-input.ts";
import { nextPolicyMoment, policyStatus } from "../../src/operator/status-policy.ts";
import { cosign, inline } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { Life, ModelServer } from "./model-server.ts";
import { lintConditions } from "./status-linter.ts";

const hour = 3600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 0, 1);

function scope(text: string): Scope {
  const parsed = parseScope(text);
  if (!parsed.ok) throw new TypeError(parsed.message);
  return parsed.value;
}
const scopes = [scope("a.io/legacy"), scope("a.io/old")];
const spec: PolicySpec = {
  scopes: [scope("a.io")],
  excludeScopes: [],
  namespaceSelector: { matchLabels: new Map(), matchExpressions: [] },
  enforcement: "Warn",
  onInconclusive: "Deny",
  tags: "Pin",
  platforms: "Index",
  exceptions: [],
  require: [{ anyOf: [{ type: "verifier", verifier: "release", atLeast: 1, count: "Signers", every: false }] }],
};
const input: PolicyStatusInput = { name: "p", generation: 3, now, diagnostics: [], programmed: true, spec, verifiers: 1, problems: [] };
/** Of an exception that ends so long from now. */
const ending = (...inMs: readonly number[]): PolicySpec => ({
  ...spec,
  exceptions: inMs.map((ms, at) => ({ scopes, expirationTime: now + ms, reason: `SEC-${at}` })),
});
const brief = ({ conditions }: PolicyStatus): string =>
  (conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(" ");

const rows: readonly { readonly name: string; readonly input: PolicyStatusInput; readonly expected: string; readonly message: string }[] = [
  {
    name: "a Policy whose Verifier is ready",
    input,
    expected: "Ready=True/Succeeded Accepted=True/Valid TrustResolved=True/Resolved Programmed=True/AllReplicas",
    message: "The Verifier that it names is ready",
  },
  {
    name: "a Policy that names none",
    input: { ...input, verifiers: 0 },
    expected: "Ready=True/Succeeded Accepted=True/Valid TrustResolved=True/Resolved Programmed=True/AllReplicas",
    message: "It names no Verifier",
  },
  {
    name: "an invalid spec",
    input: { ...input, diagnostics: [{ reason: "InvalidSpec", path: "spec.require", message: "Required value" }] },
    expected:
      "Ready=False/InvalidSpec Accepted=False/InvalidSpec TrustResolved=Unknown/Pending Programmed=True/AllReplicas Stalled=True/InvalidSpec",
    message: "spec.require: Required value",
  },
  {
    name: "an expression that cannot be evaluated",
    input: {
      ...input,
      diagnostics: [
        { reason: "InvalidExpression", path: "spec.require[1].anyOf[0].expression", message: "line 1, column 5: syntax error" },
      ],
    },
    expected:
      "Ready=False/InvalidExpression Accepted=False/InvalidExpression TrustResolved=Unknown/Pending Programmed=True/AllReplicas Stalled=True/InvalidExpression",
    message: "spec.require[1].anyOf[0].expression: line 1, column 5: syntax error",
  },
  {
    name: "a Verifier that is missing, and one that is not ready: both may come",
    input: { ...input, verifiers: 3, problems: ["Verifier/a does not exist", "Verifier/b is not ready: its own status says why"] },
    expected:
      "Ready=False/DependencyNotReady Accepted=True/Valid TrustResolved=False/DependencyNotReady Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
    message: "Verifier/a does not exist (and 1 more)",
  },
  {
    name: "an exception that ends within a week, and two that have ended",
    input: { ...input, spec: ending(2 * day, -1, -2 * day, 30 * day) },
    expected: "Ready=True/ExceptionExpiring Accepted=True/Valid TrustResolved=True/Resolved Programmed=True/AllReplicas",
    message: "The Verifier that it names is ready; an exception ends 2026-01-03T00:00:00Z; 2 exceptions have ended",
  },
  {
    name: "an exception that has ended, this very millisecond",
    input: { ...input, spec: ending(0, 30 * day) },
    expected: "Ready=True/ExceptionExpired Accepted=True/Valid TrustResolved=True/Resolved Programmed=True/AllReplicas",
    message: "The Verifier that it names is ready; an exception has ended",
  },
];
describe("policyStatus() of", () => {
  for (const { name, input: given, expected, message } of rows) {
    it(name, () => {
      const status = policyStatus(given);
      lintConditions(status, 3);
      assert.equal(brief(status), expected);
      assert.equal(status.conditions?.[0]?.message, message);
    });
  }
});

test("policyStatus() says what is enforced: an invalid Policy counts as Enforce", () => {
  const { conditions: _, ...rest } = policyStatus(input);
  assert.deepEqual(rest, { observedGeneration: 3, enforcement: "Warn", requirements: 1 });
  const invalid = { ...input, diagnostics: [{ reason: "InvalidExpression", message: "m" }] };
  assert.equal(policyStatus(invalid).enforcement, "Enforce");
});

test("policyStatus() lists the exceptions that end within a week or have ended, the first to end first", () => {
  const status = policyStatus({ ...input, spec: ending(7 * day, 7 * day + 1, 0, -day) });
  assert.deepEqual(status.expiringExceptions, [
    { reason: "SEC-3", expirationTime: "2025-12-31T00:00:00Z", scopes: 2 },
    { reason: "SEC-2", expirationTime: "2026-01-01T00:00:00Z", scopes: 2 },
    { reason: "SEC-0", expirationTime: "2026-01-08T00:00:00Z", scopes: 2 },
  ]);
});

const moments: readonly (readonly [what: string, ends: readonly number[], next: number | undefined])[] = [
  ["no exception", [], undefined],
  ["one far away: its announcement", [30 * day], 23 * day],
  ["one that is announced: its end", [3 * day], 3 * day],
  ["one that is announced this very moment: its end", [7 * day], 7 * day],
  ["one that ends this very moment", [0], undefined],
  ["one that has ended, and one to come", [-day, 8 * day], day],
];
describe("nextPolicyMoment() of", () => {
  for (const [what, ends, next] of moments) {
    it(what, () => assert.equal(nextPolicyMoment(ending(...ends), now), next === undefined ? undefined : now + next));
  }
});

test("StatusWriter announces an exception a week before it ends, and says when it has ended, though nothing changes", async () => {
  const server = new ModelServer();
  const clock = new ManualClock(now);
  const life = new Life(server, clock);
  const end = new Date(now + 10 * day).toISOString();
  server.put("KeyProvider", "keys", inline);
  server.put("Verifier", "release", cosign("keys"));
  for (const [kind, id] of [
    ["Policy", "p"],
    ["NamespacedPolicy", "team-a/p"],
  ] as const) {
    server.put(kind, id, {
      scopes: ["a.io"],
      exceptions: [{ scopes: ["a.io/legacy"], expirationTime: end, reason: "SEC-1" }],
      require: [{ verifierRef: { ...(kind === "NamespacedPolicy" && { kind: "Verifier" }), name: "release" } }],
    });
  }
  const announced = (key: string): number | undefined => (server.statusOf(key) as PolicyStatus | undefined)?.expiringExceptions?.length;
  const said = (key: string): string | undefined => (server.statusOf(key) as PolicyStatus | undefined)?.conditions?.[0]?.message;
  const keys = ["Policy/p", "NamespacedPolicy/team-a/p"];
  await life.catchUp();
  await life.catchUp();
  await clock.advance(3 * day - 1);
  assert.deepEqual(keys.map(announced), [undefined, undefined]);
  await clock.advance(1);
  await life.catchUp();
  assert.deepEqual(keys.map(announced), [1, 1]);
  const ready = "The Verifier that it names is ready; an exception";
  await clock.advance(7 * day - 1);
  assert.deepEqual(keys.map(said), [`${ready} ends 2026-01-11T00:00:00Z`, `${ready} ends 2026-01-11T00:00:00Z`]);
  await clock.advance(1);
  assert.deepEqual(keys.map(said), [`${ready} has ended`, `${ready} has ended`]);
  await life.stop();
  assert.equal(clock.pending, 0, "a stopped writer leaves no timers behind");
});
