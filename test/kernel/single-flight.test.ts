import assert from "node:assert/strict";
import { test } from "node:test";
import { SingleFlight } from "../../src/kernel/single-flight.ts";

const never = new AbortController().signal;

test("SingleFlight.run() works once however many ask", async () => {
  const flights = new SingleFlight<string, number>();
  let calls = 0;
  const gate = Promise.withResolvers<number>();
  const work = (): Promise<number> => {
    calls += 1;
    return gate.promise;
  };
  const riders = [flights.run("a", work, never), flights.run("a", work, never), flights.run("a", work, never)];
  gate.resolve(7);
  assert.deepEqual(await Promise.all(riders), [7, 7, 7]);
  assert.deepEqual([calls, flights.size], [1, 0]);
});

test("SingleFlight.run() goes on for the others when the first caller aborts", async () => {
  const flights = new SingleFlight<string, number>();
  const gate = Promise.withResolvers<number>();
  const first = new AbortController();
  const a = flights.run("a", () => gate.promise, first.signal);
  const b = flights.run("a", () => assert.fail("second work"), never);
  first.abort(new DOMException("gone", "AbortError"));
  await assert.rejects(a, { name: "AbortError" });
  gate.resolve(1);
  assert.equal(await b, 1);
});

test("SingleFlight.run() aborts the work when the last rider leaves, and starts anew for the next", async () => {
  const flights = new SingleFlight<string, number>();
  const rider = new AbortController();
  let seen: AbortSignal | undefined;
  const a = flights.run(
    "a",
    (signal) => {
      seen = signal;
      return new Promise(() => {});
    },
    rider.signal,
  );
  await Promise.resolve();
  rider.abort(new DOMException("gone", "AbortError"));
  await assert.rejects(a, { name: "AbortError" });
  assert.equal(seen?.aborted, true);
  assert.equal(await flights.run("a", () => Promise.resolve(2), never), 2);
});

test("SingleFlight.run() with keepGoing lets the work end though every rider left", async () => {
  const flights = new SingleFlight<string, number>({ keepGoing: true });
  const rider = new AbortController();
  const gate = Promise.withResolvers<number>();
  let seen: AbortSignal | undefined;
  const a = flights.run(
    "a",
    (signal) => {
      seen = signal;
      return gate.promise;
    },
    rider.signal,
  );
  await Promise.resolve();
  rider.abort(new DOMException("gone", "AbortError"));
  await assert.rejects(a);
  assert.deepEqual([seen?.aborted, flights.size], [false, 1]);
  gate.resolve(3);
  await gate.promise;
  await new Promise(setImmediate);
  assert.equal(flights.size, 0);
});

test("SingleFlight.run() tells every rider of a failure and remembers nothing", async () => {
  const flights = new SingleFlight<string, number>();
  const fail = (): Promise<number> => Promise.reject(new RangeError("no"));
  const results = await Promise.allSettled([flights.run("a", fail, never), flights.run("a", fail, never)]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["rejected", "rejected"],
  );
  assert.equal(await flights.run("a", () => Promise.resolve(4), never), 4);
});
