import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointStatus, StoreStatus } from "../../src/api/status.ts";
import { heartbeatInterval, needsWrite, type WriteDecision, type WriteTiming } from "../../src/operator/status-difference.ts";

const minute = 60_000;
const now = 1_000 * minute;
const endpoint: EndpointStatus = {
  endpoint: "a.io",
  state: "Healthy",
  reason: "CheckSucceeded",
  latencyMilliseconds: 80,
  consecutiveFailures: 0,
  lastCheckTime: "2026-01-31T12:00:00Z",
};
const lastError = { class: "Timeout" as const, message: "m", firstTime: "t0", time: "t1", count: 3, resolvedTime: "t2" };
const ready = { type: "Ready", status: "True" as const, reason: "Succeeded", message: "m", observedGeneration: 1, lastTransitionTime: "t" };
const standing: StoreStatus = {
  observedGeneration: 1,
  conditions: [ready, { ...ready, type: "Accepted", reason: "Valid" }],
  registry: "a.io",
  auth: "acr",
  endpoints: [endpoint],
  lastCheckTime: "2026-01-31T12:00:00Z",
  consecutiveFailures: 0,
  lastError,
};
const quiet: WriteTiming = { now, writtenAt: now - 2 * minute, startedAt: 0, heartbeatMs: 10 * minute };

const rows: {
  readonly name: string;
  readonly desired: StoreStatus;
  readonly current?: StoreStatus | null;
  readonly timing?: Partial<WriteTiming>;
  readonly decision: WriteDecision;
}[] = [
  { name: "nothing differs", desired: structuredClone(standing), decision: "none" },
  {
    name: "only the order of lists and fields differs",
    desired: { ...standing, conditions: standing.conditions?.toReversed() ?? [] },
    decision: "none",
  },
  { name: "there is no status yet", desired: standing, current: null, timing: { startedAt: now - 1 }, decision: "now" },
  { name: "the generation", desired: { ...standing, observedGeneration: 2 }, decision: "now" },
  { name: "a condition's status", desired: { ...standing, conditions: [{ ...ready, status: "False" }] }, decision: "now" },
  {
    name: "a condition's reason",
    desired: {
      ...standing,
      conditions: [
        { ...ready, reason: "NotProbed" },
        { ...ready, type: "Accepted", reason: "Valid" },
      ],
    },
    decision: "now",
  },
  { name: "the class of the last error", desired: { ...standing, lastError: { ...lastError, class: "DNSFailure" } }, decision: "now" },
  {
    name: "a host that fails now",
    desired: { ...standing, endpoints: [{ ...endpoint, state: "Failing", reason: "Timeout" }] },
    decision: "now",
  },
  { name: "a column", desired: { ...standing, auth: "-" }, decision: "now" },
  {
    name: "the same, 2 s after the last write: spaced",
    desired: { ...standing, auth: "-" },
    timing: { writtenAt: now - 2_000 },
    decision: { after: 3_000 },
  },
  {
    name: "the same, right after the process began and has not written: not spaced",
    desired: { ...standing, auth: "-" },
    timing: { writtenAt: undefined as never, startedAt: now },
    decision: "now",
  },
  {
    name: "the generation, whose first probe is on its way: waited for",
    desired: { ...standing, observedGeneration: 2 },
    timing: { pendingSince: now - 5_000 },
    decision: { after: 10_000 },
  },
  {
    name: "the same, for longer than a probe can take",
    desired: { ...standing, observedGeneration: 2 },
    timing: { pendingSince: now - 15_000 },
    decision: "now",
  },
  {
    name: "a message",
    desired: {
      ...standing,
      conditions: [
        { ...ready, message: "other" },
        { ...ready, type: "Accepted", reason: "Valid" },
      ],
    },
    decision: "now",
  },
  {
    name: "a message, within a minute of the last write",
    desired: {
      ...standing,
      conditions: [
        { ...ready, message: "other" },
        { ...ready, type: "Accepted", reason: "Valid" },
      ],
    },
    timing: { writtenAt: now - 20_000 },
    decision: { after: 40_000 },
  },
  {
    name: "a healthy host that traffic met",
    desired: { ...standing, endpoints: [endpoint, { ...endpoint, endpoint: "b.io" }] },
    timing: { writtenAt: now - 20_000 },
    decision: { after: 40_000 },
  },
  {
    name: "the AuthProvider of a host",
    desired: { ...standing, endpoints: [{ ...endpoint, authProvider: "other" }] },
    timing: { writtenAt: now - 59_000 },
    decision: { after: 1_000 },
  },
  {
    name: "times, latency and counts only",
    desired: {
      ...standing,
      lastCheckTime: "later",
      consecutiveFailures: 1,
      latencyMilliseconds: 5,
      lastError: { ...lastError, time: "later", count: 4 },
      endpoints: [{ ...endpoint, lastCheckTime: "later", latencyMilliseconds: 90 }],
    },
    decision: { after: 8 * minute },
  },
  {
    name: "times only, the heartbeat over",
    desired: { ...standing, lastCheckTime: "later" },
    timing: { writtenAt: now - 10 * minute },
    decision: "heartbeat-due",
  },
  {
    name: "times only, after a restart: counted from there, however old what stands is",
    desired: { ...standing, lastCheckTime: "later" },
    timing: { writtenAt: undefined as never, startedAt: now - 1_000 },
    decision: { after: 10 * minute - 1_000 },
  },
  {
    name: "a transition time only, which nobody but the API server can have changed",
    desired: { ...standing, conditions: standing.conditions?.map((c) => ({ ...c, lastTransitionTime: "x" })) ?? [] },
    decision: "none",
  },
];
for (const { name, desired, current, timing, decision } of rows) {
  test(`needsWrite(): ${name}`, () => {
    assert.deepEqual(needsWrite(desired, current === null ? undefined : (current ?? standing), { ...quiet, ...timing }), decision);
  });
}

test("needsWrite() of an AuthProvider: a new credential at once, how many Stores use it within a minute", () => {
  const provider = { observedGeneration: 1, conditions: [ready], type: "kubernetesSecret", boundStores: 1, credentialRevision: "u/1" };
  const timing = { ...quiet, writtenAt: now - 10_000 };
  assert.equal(needsWrite({ ...provider, credentialRevision: "u/2" }, provider, timing), "now");
  assert.deepEqual(needsWrite({ ...provider, boundStores: 2 }, provider, timing), { after: 50_000 });
});

test("needsWrite() of a KeyProvider: another key at once", () => {
  const one = { name: "a", algorithm: "Ed25519", fingerprint: "sha256:1" };
  const provider = { observedGeneration: 1, conditions: [ready], keys: [one] };
  assert.equal(needsWrite({ ...provider, keys: [{ ...one, fingerprint: "sha256:2" }] }, provider, quiet), "now");
});

test("heartbeatInterval() keeps ten thousand objects to two writes a second", () => {
  assert.equal(heartbeatInterval({ objects: 10, random: 0.5 }), 10 * minute);
  assert.equal(heartbeatInterval({ objects: 10, intervalMs: 30 * minute, random: 0.5 }), 30 * minute);
  assert.equal(heartbeatInterval({ objects: 10_000, random: 0.5 }), 5_000_000);
  assert.equal(heartbeatInterval({ objects: 10, random: 0, shortestMs: 1_000 }), 4_500);
});
