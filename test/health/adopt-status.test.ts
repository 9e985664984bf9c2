import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointStatus, StoreStatus } from "../../src/api/status.ts";
import { adoptStatus } from "../../src/health/adopt-status.ts";

const object = { uid: "u", generation: 3, suspend: false };
const time = "2026-01-31T12:00:00Z";
const timeMs = Date.parse(time);
const healthy: EndpointStatus = {
  endpoint: "a.io",
  state: "Healthy",
  reason: "TrafficSucceeded",
  latencyMilliseconds: 80,
  authProvider: "acr",
  referrersAPI: "Supported",
  consecutiveFailures: 0,
  lastCheckTime: time,
  lastSuccessTime: time,
};
const failing: EndpointStatus = {
  endpoint: "b.io",
  state: "Failing",
  reason: "Timeout",
  message: "b.io is slow",
  consecutiveFailures: 4,
  lastCheckTime: time,
};
const lastError = { class: "Timeout" as const, message: "b.io is slow", firstTime: time, time, count: 4 };
const status: StoreStatus = { observedGeneration: 3, endpoints: [healthy, failing], lastError };

test("adoptStatus() reads back what was known of every host, and whose error it was", () => {
  assert.deepEqual(adoptStatus(status, object), {
    uid: "u",
    generation: 3,
    literal: [],
    met: [
      {
        endpoint: "a.io",
        state: "Healthy",
        reason: "TrafficSucceeded",
        consecutiveFailures: 0,
        latencyMs: 80,
        authProvider: "acr",
        referrersAPI: "Supported",
        lastCheckTime: timeMs,
        lastSuccessTime: timeMs,
      },
      {
        endpoint: "b.io",
        state: "Failing",
        reason: "Timeout",
        failure: { class: "Timeout", message: "b.io is slow" },
        consecutiveFailures: 4,
        lastCheckTime: timeMs,
        lastError: { class: "Timeout", message: "b.io is slow", firstTime: timeMs, time: timeMs, count: 4 },
      },
    ],
  });
});

test("adoptStatus() keeps a resolved error as the Store's past one", () => {
  const adopted = adoptStatus({ ...status, endpoints: [healthy], lastError: { ...lastError, resolvedTime: time } }, object);
  assert.deepEqual(adopted?.pastError, {
    class: "Timeout",
    message: "b.io is slow",
    firstTime: timeMs,
    time: timeMs,
    count: 4,
    resolvedTime: timeMs,
  });
  assert.equal(adopted?.met[0]?.lastError, undefined);
});

test("adoptStatus() gives an error below the threshold to the host that counts failures", () => {
  const adopted = adoptStatus({ ...status, endpoints: [{ ...healthy, consecutiveFailures: 1 }] }, object);
  assert.equal(adopted?.met[0]?.lastError?.count, 4);
});

test("adoptStatus() adopts nothing of another generation, unless the Store is suspended", () => {
  assert.equal(adoptStatus(status, { ...object, generation: 4 }), undefined);
  assert.equal(adoptStatus(status, { ...object, generation: 4, suspend: true })?.generation, 4);
});

test("adoptStatus() takes a reason that it does not know, and a time that is none, for nothing known", () => {
  const odd: EndpointStatus = { endpoint: "c.io", state: "Failing", reason: "FromTheFuture", lastCheckTime: "soon" };
  assert.deepEqual(adoptStatus({ observedGeneration: 3, endpoints: [odd] }, object)?.met, [
    { endpoint: "c.io", state: "Unknown", reason: "NotChecked", consecutiveFailures: 0 },
  ]);
});
