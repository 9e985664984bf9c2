import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorClasses, type ErrorClass } from "../../src/api/error-class.ts";
import type { EndpointObservation } from "../../src/engine/store.ts";
import { type EndpointHealth, observeEndpoint, roundLatency, unknownEndpoint } from "../../src/health/endpoint-health.ts";

const endpoint = "acme.azurecr.io";
const options = { failureThreshold: 3 };

function ok(time: number, source: "probe" | "traffic" = "probe"): EndpointObservation {
  return { endpoint, source, time, latencyMs: 84.6, authProvider: "acr", referrersAPI: "Supported" };
}
function bad(time: number, errorClass: ErrorClass, source: "probe" | "traffic" = "probe"): EndpointObservation {
  return { endpoint, source, time, latencyMs: 10, failure: { class: errorClass, message: `${endpoint} said ${errorClass}` } };
}
function after(...observations: readonly EndpointObservation[]): EndpointHealth {
  return observations.reduce((health, observation) => observeEndpoint(health, observation, options), unknownEndpoint(endpoint));
}

test("observeEndpoint() makes it Healthy after one success, with what was learnt", () => {
  assert.deepEqual(after(ok(100)), {
    endpoint,
    state: "Healthy",
    reason: "CheckSucceeded",
    consecutiveFailures: 0,
    latencyMs: 85,
    authProvider: "acr",
    referrersAPI: "Supported",
    lastCheckTime: 100,
    lastSuccessTime: 100,
  });
});

test("observeEndpoint() keeps the reason it became Healthy with, so that probes and traffic do not take turns writing it", () => {
  assert.equal(after(ok(1, "traffic"), ok(2, "probe")).reason, "TrafficSucceeded");
});

const threshold: {
  readonly name: string;
  readonly seen: readonly EndpointObservation[];
  readonly state: EndpointHealth["state"];
  readonly reason: string;
}[] = [
  { name: "before the first success one transient failure is enough", seen: [bad(1, "Timeout")], state: "Failing", reason: "Timeout" },
  {
    name: "after it, two transient failures are not",
    seen: [ok(1), bad(2, "Timeout"), bad(3, "Timeout")],
    state: "Healthy",
    reason: "CheckSucceeded",
  },
  { name: "three are", seen: [ok(1), bad(2, "Timeout"), bad(3, "ServerError"), bad(4, "Timeout")], state: "Failing", reason: "Timeout" },
  {
    name: "a success in between starts the count again",
    seen: [ok(1), bad(2, "Timeout"), bad(3, "Timeout"), ok(4), bad(5, "Timeout")],
    state: "Healthy",
    reason: "CheckSucceeded",
  },
  {
    name: "a permanent class seen by a probe flips at once",
    seen: [ok(1), bad(2, "AuthenticationFailed")],
    state: "Failing",
    reason: "AuthenticationFailed",
  },
  { name: "UnsafeEndpoint too", seen: [ok(1), bad(2, "UnsafeEndpoint")], state: "Failing", reason: "UnsafeEndpoint" },
  { name: "CredentialUnavailable too", seen: [ok(1), bad(2, "CredentialUnavailable")], state: "Failing", reason: "CredentialUnavailable" },
  { name: "AuthorizationDenied too", seen: [ok(1), bad(2, "AuthorizationDenied")], state: "Failing", reason: "AuthorizationDenied" },
  {
    name: "one 403 of traffic is about one repository",
    seen: [ok(1), bad(2, "AuthorizationDenied", "traffic")],
    state: "Healthy",
    reason: "CheckSucceeded",
  },
  {
    name: "three 401 of traffic in a row are about the host",
    seen: [
      ok(1),
      bad(2, "AuthenticationFailed", "traffic"),
      bad(3, "AuthenticationFailed", "traffic"),
      bad(4, "AuthenticationFailed", "traffic"),
    ],
    state: "Failing",
    reason: "AuthenticationFailed",
  },
  {
    name: "an image that is not there says nothing of the host",
    seen: [bad(1, "NotFound", "traffic")],
    state: "Unknown",
    reason: "NotChecked",
  },
  {
    name: "a failing one takes the class of its latest failure",
    seen: [bad(1, "Timeout"), bad(2, "DNSFailure")],
    state: "Failing",
    reason: "DNSFailure",
  },
];
for (const { name, seen, state, reason } of threshold) {
  test(`observeEndpoint(): ${name}`, () => {
    const health = after(...seen);
    assert.deepEqual({ state: health.state, reason: health.reason }, { state, reason });
  });
}

test("observeEndpoint() counts equal failures in lastError, and keeps it after recovery with the time it was resolved", () => {
  const failing = after(bad(1, "Timeout"), bad(2, "Timeout"));
  const message = `${endpoint} said Timeout`;
  assert.deepEqual(failing.lastError, { class: "Timeout", message, firstTime: 1, time: 2, count: 2 });
  const resolved = after(bad(1, "Timeout"), bad(2, "Timeout"), ok(3), ok(4));
  assert.deepEqual(resolved.lastError, { class: "Timeout", message, firstTime: 1, time: 2, count: 2, resolvedTime: 3 });
  assert.deepEqual(after(bad(1, "Timeout"), ok(2), bad(3, "Timeout")).lastError, {
    class: "Timeout",
    message,
    firstTime: 3,
    time: 3,
    count: 1,
  });
});

test("observeEndpoint() forgets the AuthProvider when none matched any more", () => {
  const { authProvider: _gone, ...without } = ok(2);
  assert.equal(after(ok(1), without).authProvider, undefined);
});

for (const [ms, rounded] of [
  [0, 0],
  [0.4, 0],
  [7.4, 7],
  [85.2, 85],
  [123, 120],
  [1_249, 1_200],
  [-5, 0],
  [Number.NaN, 0],
  [Infinity, 0],
  [1e12, 2 ** 31 - 1],
] as const) {
  test(`roundLatency(${ms}) is ${rounded}`, () => assert.equal(roundLatency(ms), rounded));
}

const anyObservation = fc.record(
  {
    endpoint: fc.constant(endpoint),
    source: fc.constantFrom("probe", "traffic"),
    time: fc.double(),
    latencyMs: fc.double(),
    failure: fc.record(
      { class: fc.constantFrom(...errorClasses), message: fc.string({ maxLength: 600 }), retryAt: fc.double() },
      { requiredKeys: ["class", "message"] },
    ),
    authProvider: fc.string(),
  },
  { requiredKeys: ["endpoint", "source", "time", "latencyMs"] },
) as fc.Arbitrary<EndpointObservation>;

test("observeEndpoint() never throws, stays within the schema's bounds, and is Healthy exactly after a success or below the threshold", () => {
  fc.assert(
    fc.property(fc.array(anyObservation, { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (observations, failureThreshold) => {
      let health = unknownEndpoint(endpoint);
      for (const observation of observations) {
        health = observeEndpoint(health, observation, { failureThreshold });
        if (observation.failure === undefined) assert.equal(health.state, "Healthy");
        if (health.state === "Healthy") assert.ok(health.consecutiveFailures < failureThreshold);
        if (health.state === "Failing") assert.ok(health.failure !== undefined && health.reason === health.failure.class);
        assert.ok(Number.isInteger(health.consecutiveFailures) && health.consecutiveFailures >= 0 && health.consecutiveFailures < 2 ** 31);
        assert.ok(health.latencyMs === undefined || Number.isInteger(health.latencyMs));
        assert.ok(Buffer.byteLength(health.lastError?.message ?? "") <= 256 && Buffer.byteLength(health.failure?.message ?? "") <= 256);
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 3000 },
  );
});
