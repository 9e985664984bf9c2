import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { apiVersion, kindTable } from "../../src/api/kinds.ts";
import type { AuthProviderStatus } from "../../src/api/status.ts";
import type { ProviderState, RefreshError, UnavailableReason } from "../../src/keychain/ports.ts";
import { authProviderStatus } from "../../src/operator/status-auth-provider.ts";
import { needsWrite, type WriteDecision } from "../../src/operator/status-difference.ts";
import type { AuthProviderStatusInput } from "../../src/operator/status-input.ts";
import { readStatus } from "../../src/operator/status-read.ts";
import { toTable } from "../../src/cli/columns.ts";
import { lintConditions } from "./status-linter.ts";

const [second, minute, hour] = [1000, 60_000, 3_600_000];
const now = Date.UTC(2026, 0, 31, 12);
const identity = "00000000-0000-0000-0000-000000000042";
const lastError: RefreshError = {
  class: "CredentialUnavailable",
  message: "no such client",
  firstTime: now - 20 * second,
  time: now,
  count: 3,
};
const resolved: ProviderState = {
  ready: true,
  reason: "Resolved",
  message: `Example Registry takes credentials of ${identity}`,
  warnings: [],
  identity,
  expiresAt: now + 3 * hour,
  lastRefresh: now,
};
const asked: ProviderState = { ready: true, reason: "NotRequested", message: "has not been asked", warnings: [], identity };
const failing = (reason: string): ProviderState => ({ ready: false, reason, message: "no such client", warnings: [], identity, lastError });
const input: AuthProviderStatusInput = {
  name: "acme",
  generation: 2,
  now,
  diagnostics: [],
  programmed: true,
  type: "azureWorkloadIdentity",
  state: resolved,
  patterns: 1,
  lost: [],
  kept: [],
  boundStores: 1,
};
const statusOf = (state: ProviderState, more: Partial<AuthProviderStatusInput> = {}): AuthProviderStatus =>
  authProviderStatus({ ...input, state, ...more });
const brief = ({ conditions = [] }: AuthProviderStatus): string =>
  conditions
    .flatMap(({ type, status, reason }) => (type === "Accepted" || type === "Programmed" ? [] : `${type}=${status}/${reason}`))
    .join(" ");

describe("the status of an AuthProvider of a cloud", () => {
  it("says whom it acts as, until when, since when, and nothing of the credential", () => {
    const { conditions: _, ...rest } = statusOf(resolved);
    assert.deepEqual(rest, {
      observedGeneration: 2,
      type: "azureWorkloadIdentity",
      boundStores: 1,
      identity,
      expirationTime: "2026-01-31T15:00:00Z",
      lastRefreshTime: "2026-01-31T12:00:00Z",
    });
    assert.equal(brief(statusOf(resolved)), "Ready=True/Succeeded CredentialsResolved=True/Resolved");
  });

  it("has the last failure in the shape of a Store's, also when it is over", () => {
    const written = { class: "CredentialUnavailable", message: "no such client", count: 3 };
    const times = { firstTime: "2026-01-31T11:59:40Z", time: "2026-01-31T12:00:00Z" };
    assert.deepEqual(statusOf(failing("IdentityRefused")).lastError, { ...written, ...times });
    const over = { ...resolved, lastError: { ...lastError, resolvedTime: now } };
    assert.deepEqual(statusOf(over).lastError, { ...written, ...times, resolvedTime: "2026-01-31T12:00:00Z" });
  });

  it("is ready before anybody asked, and says that nobody has", () => {
    assert.equal(brief(statusOf(asked)), "Ready=True/NotRequested CredentialsResolved=True/NotRequested");
  });

  it("is what its own schema reads, conditions and all, in each state", () => {
    for (const state of [resolved, asked, failing("Throttled"), { ...resolved, identity: "a".repeat(3000) }]) {
      const status = statusOf(state);
      assert.deepEqual(readStatus("AuthProvider", JSON.parse(JSON.stringify(status))), status);
      lintConditions(status, 2);
    }
  });

  it("is printed as kubectl prints it: the time at which the credential ends, since a date column shows the time since", () => {
    const object = {
      apiVersion,
      kind: "AuthProvider",
      metadata: { name: "acme", creationTimestamp: "2026-01-28T12:00:00Z" },
      spec: { type: "azureWorkloadIdentity" },
      status: statusOf(resolved),
    };
    const rows = [{ kind: "AuthProvider", name: "acme", creationTime: 0, object } as const];
    const { columns, rows: cells } = toTable("AuthProvider", rows, { wide: false, now });
    assert.deepEqual(columns, ["Name", "Ready", "Reason", "Type", "Identity", "Expires", "Stores", "Age"]);
    assert.deepEqual(cells, [["acme", "True", "Succeeded", "azureWorkloadIdentity", identity, "2026-01-31T15:00:00Z", "1", "3d"]]);
    assert.deepEqual(kindTable.NamespacedAuthProvider.columns, kindTable.AuthProvider.columns);
  });
});

const outlooks: { readonly [R in UnavailableReason]: "Reconciling" | "Stalled" } = {
  RefNotFound: "Reconciling",
  CredentialInvalid: "Reconciling",
  CredentialExpired: "Reconciling",
  NoMatchingKey: "Reconciling",
  ProviderNotFound: "Reconciling",
  TokenRequestDenied: "Reconciling",
  IdentityRefused: "Reconciling",
  IdentityUnreachable: "Reconciling",
  Throttled: "Reconciling",
  WildcardNeedsKeyedSecret: "Stalled",
  PatternConflict: "Stalled",
  InvalidSpec: "Stalled",
  PlainHTTPNotAllowed: "Stalled",
  HostNotAllowed: "Stalled",
  IdentityNotFound: "Stalled",
  RegistryRefused: "Stalled",
};
describe("an AuthProvider without a credential", () => {
  for (const [reason, mark] of Object.entries(outlooks)) {
    it(`is ${mark} for ${reason}`, () => {
      const status = statusOf(failing(reason));
      const shown = mark === "Stalled" ? reason : "ProgressingWithRetry";
      assert.equal(brief(status), `Ready=False/${reason} CredentialsResolved=False/${reason} ${mark}=True/${shown}`);
      lintConditions(status, 2);
    });
  }
});

describe("the status of an AuthProvider after a restart of the operator", () => {
  const before = statusOf({ ...resolved, lastError: { ...lastError, resolvedTime: now } });
  const { identity: _, ...withoutIdentity } = before;

  for (const [name, standing] of Object.entries({
    "had a credential": before,
    "was refused": statusOf(failing("IdentityRefused")),
    "was not asked": statusOf(asked),
  })) {
    it(`is what it was, to the letter, where it ${name}`, () => {
      const after = statusOf(asked, { current: standing, now: now + hour });
      assert.deepEqual(after, standing);
      assert.equal(needsWrite(after, standing, { now: now + hour, startedAt: now + hour, heartbeatMs: 600_000 }), "none");
    });
  }

  it("does not say when a credential ends that has ended", () => {
    const { expirationTime, lastRefreshTime } = statusOf(asked, { current: before, now: now + 3 * hour });
    assert.deepEqual([expirationTime, lastRefreshTime], [undefined, "2026-01-31T12:00:00Z"]);
  });

  for (const [name, more] of Object.entries({
    "another generation": { current: { ...before, observedGeneration: 1 } },
    "another identity": { current: { ...before, identity: "somebody else" } },
    "no identity": { current: withoutIdentity },
    "an object that was missing and is there": { current: statusOf(failing("RefNotFound")) },
    "an environment that has an identity now": { current: statusOf(failing("IdentityNotFound")) },
  })) {
    it(`says nothing of what was found of ${name}`, () => {
      const { conditions: _, ...rest } = statusOf(asked, more);
      assert.deepEqual(rest, { observedGeneration: 2, type: "azureWorkloadIdentity", boundStores: 1, identity });
      assert.equal(brief(statusOf(asked, more)), "Ready=True/NotRequested CredentialsResolved=True/NotRequested");
    });
  }
});

describe("a status of an AuthProvider is written", () => {
  const decide = (from: ProviderState, to: ProviderState, writtenAgoMs: number): WriteDecision =>
    needsWrite(statusOf(to), statusOf(from), { now, startedAt: 0, writtenAt: now - writtenAgoMs, heartbeatMs: 10 * minute });
  const refreshed = { ...resolved, expiresAt: now + 4 * hour, lastRefresh: now + hour };
  const struggling = { ...resolved, lastError };
  const rows: readonly {
    readonly name: string;
    readonly from: ProviderState;
    readonly to: ProviderState;
    readonly decision: WriteDecision;
  }[] = [
    { name: "not before a minute is over, when a credential was fetched anew", from: resolved, to: refreshed, decision: { after: 40_000 } },
    { name: "at once, when the first was fetched", from: asked, to: resolved, decision: "now" },
    { name: "at once, when a refresh fails beside a credential that is good", from: resolved, to: struggling, decision: "now" },
    {
      name: "at the pace of a heartbeat, while it goes on failing",
      from: struggling,
      to: { ...struggling, lastError: { ...lastError, time: now + minute, count: 9 } },
      decision: { after: 10 * minute - 20_000 },
    },
    { name: "at once, when it cannot be had", from: resolved, to: failing("IdentityRefused"), decision: "now" },
    {
      name: "at once, when it cannot be had for another reason",
      from: failing("Throttled"),
      to: failing("IdentityRefused"),
      decision: "now",
    },
    { name: "never, when nothing differs", from: resolved, to: structuredClone(resolved), decision: "none" },
  ];
  for (const { name, from, to, decision } of rows) it(name, () => assert.deepEqual(decide(from, to, 20 * second), decision));
});
