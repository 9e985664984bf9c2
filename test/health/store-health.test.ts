import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ErrorClass } from "../../src/api/error-class.ts";
import { maxEndpoints } from "../../src/api/status.ts";
import type { EndpointObservation } from "../../src/engine/store.ts";
import { observeStore, reachabilityOf, renewStoreHealth, type StoreHealth } from "../../src/health/store-health.ts";

const subject = { uid: "u", generation: 1, suspend: false, endpoints: ["a.io", "b.io"] };
const options = { failureThreshold: 3 };

function seen(endpoint: string, failure?: ErrorClass, source: "probe" | "traffic" = "probe"): EndpointObservation {
  return {
    endpoint,
    source,
    time: 1,
    latencyMs: 5,
    ...(failure !== undefined && { failure: { class: failure, message: `${endpoint} said ${failure}` } }),
  };
}
function observed(health: StoreHealth, ...observations: readonly EndpointObservation[]): StoreHealth {
  return observations.reduce((next, observation) => observeStore(next, observation, options), health);
}
const fresh = renewStoreHealth(undefined, subject);
const wildcard = renewStoreHealth(undefined, { ...subject, endpoints: [] });

const folds: {
  readonly name: string;
  readonly health: StoreHealth;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly pending: boolean;
}[] = [
  {
    name: "nothing checked yet",
    health: fresh,
    status: "Unknown",
    reason: "NotChecked",
    message: "a.io has not been checked yet",
    pending: true,
  },
  {
    name: "one of two checked",
    health: observed(fresh, seen("a.io")),
    status: "Unknown",
    reason: "NotChecked",
    message: "b.io has not been checked yet",
    pending: true,
  },
  {
    name: "both answer",
    health: observed(fresh, seen("a.io"), seen("b.io")),
    status: "True",
    reason: "CheckSucceeded",
    message: "All 2 hosts answer",
    pending: false,
  },
  {
    name: "one fails",
    health: observed(fresh, seen("a.io"), seen("b.io", "DNSFailure")),
    status: "False",
    reason: "DNSFailure",
    message: "b.io said DNSFailure",
    pending: false,
  },
  {
    name: "both fail: the first by name speaks",
    health: observed(fresh, seen("b.io", "Timeout"), seen("a.io", "TLSFailure")),
    status: "False",
    reason: "TLSFailure",
    message: "a.io said TLSFailure (and 1 more of 2 hosts)",
    pending: false,
  },
  {
    name: "a host behind a wildcard that fails cannot make literal hosts unreachable",
    health: observed(fresh, seen("a.io"), seen("b.io"), seen("evil.io", "DNSFailure", "traffic")),
    status: "True",
    reason: "CheckSucceeded",
    message: "All 2 hosts answer",
    pending: false,
  },
  {
    name: "no literal host and no traffic",
    health: wildcard,
    status: "Unknown",
    reason: "NotChecked",
    message: "No host to check is written out, and none has been met yet",
    pending: false,
  },
  {
    name: "the only host that traffic met answers",
    health: observed(wildcard, seen("c.io", undefined, "traffic")),
    status: "True",
    reason: "TrafficSucceeded",
    message: "c.io answers without a credential",
    pending: false,
  },
  {
    name: "one of two hosts that traffic met answers",
    health: observed(wildcard, seen("c.io", undefined, "traffic"), seen("d.io", "DNSFailure", "traffic")),
    status: "True",
    reason: "TrafficSucceeded",
    message: "1 of 2 hosts answer",
    pending: false,
  },
  {
    name: "every host that traffic met fails",
    health: observed(wildcard, seen("d.io", "DNSFailure", "traffic")),
    status: "False",
    reason: "DNSFailure",
    message: "d.io said DNSFailure",
    pending: false,
  },
];
for (const { name, health, ...expected } of folds) {
  test(`reachabilityOf(): ${name}`, () => {
    const { status, reason, message, pending } = reachabilityOf(health);
    assert.deepEqual({ status, reason, message, pending }, expected);
  });
}

test("reachabilityOf() shows the error of a failing host before one below the threshold, and the latest resolved one when all is well", () => {
  const failing = observed(fresh, seen("a.io"), seen("a.io", "Timeout"), seen("b.io", "DNSFailure"));
  assert.equal(reachabilityOf(failing).lastError?.class, "DNSFailure");
  const well = observed(failing, { ...seen("a.io"), time: 5 }, { ...seen("b.io"), time: 6 });
  assert.deepEqual(reachabilityOf(well).lastError?.resolvedTime, 5);
});

test("renewStoreHealth() keeps what is known while the generation is the same, drops it with another, keeps it for a suspended Store", () => {
  const known = observed(fresh, seen("a.io"), seen("b.io", "Timeout"), seen("c.io", undefined, "traffic"));
  assert.deepEqual(renewStoreHealth(known, subject), known);
  assert.deepEqual(renewStoreHealth(known, { ...subject, generation: 2 }), { uid: "u", generation: 2, literal: fresh.literal, met: [] });
  assert.deepEqual(renewStoreHealth(known, { ...subject, uid: "other" }).literal, fresh.literal);
  assert.deepEqual(renewStoreHealth(known, { ...subject, generation: 2, suspend: true }), { ...known, generation: 2 });
});

test("observeStore() holds at most 32 hosts: literal ones always, then those met most recently", () => {
  const many = Array.from({ length: 50 }, (_, at) => seen(`h${at}.io`, undefined, "traffic"));
  const health = observed(fresh, ...many);
  assert.equal(health.literal.length + health.met.length, maxEndpoints);
  assert.deepEqual(
    health.literal.map((entry) => entry.endpoint),
    ["a.io", "b.io"],
  );
  assert.equal(health.met[0]?.endpoint, "h49.io");
  assert.ok(!health.met.some((entry) => entry.endpoint === "h0.io"));
});

test("observeStore() never throws and never exceeds its bounds, whatever hosts are met", () => {
  const observation = fc.record({
    endpoint: fc.constantFrom("a.io", "b.io", ...Array.from({ length: 60 }, (_, at) => `h${at}.io`)),
    failure: fc.option(fc.constantFrom("Timeout", "NotFound", "AuthenticationFailed", "LimitExceeded"), { nil: undefined }),
    source: fc.constantFrom("probe", "traffic"),
  });
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 120 }), (observations) => {
      const health = observed(fresh, ...observations.map(({ endpoint, failure, source }) => seen(endpoint, failure, source)));
      const reachability = reachabilityOf(health);
      assert.ok(reachability.endpoints.length <= maxEndpoints);
      assert.equal(new Set(reachability.endpoints.map((entry) => entry.endpoint)).size, reachability.endpoints.length);
      assert.ok(Buffer.byteLength(reachability.message) <= 256);
    }),
    { numRuns: 100, interruptAfterTimeLimit: 3000 },
  );
});
