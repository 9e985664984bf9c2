import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorClass } from "../../src/api/error-class.ts";
import { OriginLimiter } from "../../src/health/origin-limiter.ts";
import { jittered, probeDelay } from "../../src/health/probe-delay.ts";

const minute = 60_000;
const rows: {
  readonly name: string;
  readonly failure?: ErrorClass;
  readonly retryIn?: number;
  readonly failures?: number;
  readonly random?: number;
  readonly intervalMs?: number;
  readonly delay: number;
}[] = [
  { name: "a success waits for the interval", delay: 5 * minute },
  { name: "and up to 20 % less", random: 0, delay: 4 * minute },
  { name: "a credential may be there in a moment", failure: "CredentialUnavailable", failures: 1, random: 0.9, delay: 900 },
  { name: "the first retryable failure waits up to 1 s", failure: "Timeout", failures: 1, random: 0.9, delay: 900 },
  { name: "never less than 0.5 s", failure: "Timeout", failures: 1, random: 0, delay: 500 },
  { name: "the fourth up to 8 s", failure: "ConnectionRefused", failures: 4, random: 0.5, delay: 4_000 },
  { name: "the fortieth up to 5 min", failure: "ServerError", failures: 40, random: 0.5, delay: 150_000 },
  { name: "never later than the interval", failure: "DNSFailure", failures: 40, intervalMs: 30_000, random: 0.5, delay: 30_000 },
  {
    name: "a wrong credential is not tried again before the interval is over",
    failure: "AuthenticationFailed",
    failures: 1,
    delay: 5 * minute,
  },
  { name: "Retry-After goes before the back-off", failure: "RateLimited", failures: 1, retryIn: 90_000, delay: 90_000 },
  { name: "and before the interval", failure: "RateLimited", failures: 1, retryIn: 20 * minute, delay: 20 * minute },
  { name: "up to one hour", failure: "ServerError", failures: 1, retryIn: 48 * 60 * minute, delay: 60 * minute },
  { name: "one that lies in the past is none", failure: "RateLimited", failures: 1, retryIn: -1, random: 0.7, delay: 700 },
];
for (const { name, failure, retryIn, failures, random, intervalMs, delay } of rows) {
  test(`probeDelay(): ${name}`, () => {
    const now = 1_000_000;
    const outcome = {
      consecutiveFailures: failures ?? 0,
      ...(failure !== undefined && { failure: { class: failure, message: "m", ...(retryIn !== undefined && { retryAt: now + retryIn }) } }),
    };
    assert.equal(probeDelay(outcome, { intervalMs: intervalMs ?? 5 * minute, now, random: random ?? 0.5 }), delay);
  });
}

test("jittered() spreads over the interval ± 20 %", () => {
  assert.deepEqual([jittered(1000, 0), jittered(1000, 0.5), jittered(1000, 0.999_999)], [800, 1000, 1200]);
});

test("OriginLimiter.reserve() lets 10 go at once, then 5 a second, per origin", () => {
  const limiter = new OriginLimiter();
  const times = Array.from({ length: 13 }, () => limiter.reserve("a.io", 1000));
  assert.deepEqual(times, [...Array.from({ length: 10 }, () => 1000), 1200, 1400, 1600]);
  assert.equal(limiter.reserve("b.io", 1000), 1000);
  assert.equal(limiter.reserve("a.io", 10_000), 10_000);
});

test("OriginLimiter forgets origins whose bucket is full again", () => {
  const limiter = new OriginLimiter();
  for (let at = 0; at < 5000; at += 1) limiter.reserve(`h${at}.io`, at * 1000);
  assert.ok(limiter.size <= 1025);
});

test("OriginLimiter.hold() keeps one identity away, and no other", () => {
  const limiter = new OriginLimiter();
  limiter.hold("a.io", { identity: "", until: 500, now: 0 });
  assert.equal(limiter.heldUntil("a.io", { identity: "", now: 0 }), 500);
  assert.equal(limiter.heldUntil("a.io", { identity: "acr", now: 0 }), 0);
  assert.equal(limiter.heldUntil("a.io", { identity: "", now: 700 }), 700);
});
