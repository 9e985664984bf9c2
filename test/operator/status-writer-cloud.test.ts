import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ProviderState } from "../../src/keychain/ports.ts";
import { anonymous, registry } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { Life, ModelServer } from "./model-server.ts";

const [second, minute, hour] = [1000, 60_000, 3_600_000];

/** An AuthProvider whose state the test decides on, as one of a cloud changes without its object. */
function scene(t: TestContext) {
  const [server, clock] = [new ModelServer(), new ManualClock()];
  const told: string[] = [];
  const life = new Life(server, clock, { record: ({ kind, reason }) => void told.push(`${kind} ${reason}`) });
  t.after(() => life.stop());
  server.put("AuthProvider", "acr", anonymous("a.io"));
  const writes = (): number => server.requests.filter(({ kind }) => kind === "AuthProvider").length;
  const say = (state: Partial<ProviderState>): void => {
    life.factories.states.set("acr", { ready: true, reason: "Resolved", message: "m", warnings: [], identity: "client 42", ...state });
    life.writer.enqueue(["AuthProvider/acr"]);
  };
  return { server, clock, life, told, writes, say };
}
const credential = (clock: ManualClock): Partial<ProviderState> => ({ lastRefresh: clock.now(), expiresAt: clock.now() + 3 * hour });

test("StatusWriter waits for what the first probe finds out of an AuthProvider of a cloud, and writes once", async (t) => {
  const { server, clock, life, told, writes, say } = scene(t);
  say({ reason: "NotRequested" });
  server.put("Store", "all", registry(["a.io"]));
  await life.catchUp();
  await clock.advance(5 * second);
  assert.equal(writes(), 0);
  say(credential(clock));
  await clock.settle();
  assert.deepEqual([writes(), told.filter((line) => line.startsWith("AuthProvider"))], [1, ["AuthProvider Succeeded"]]);
});

test("StatusWriter says after a while that nobody asked, and at once where no Store may ask, and tells nobody", async (t) => {
  for (const [isUsed, waitMs] of [
    [true, 15 * second],
    [false, 0],
  ] as const) {
    const { server, clock, life, told, writes, say } = scene(t);
    say({ reason: "NotRequested" });
    if (isUsed) server.put("Store", "all", registry(["*"]));
    await life.catchUp();
    await clock.advance(waitMs);
    assert.equal(writes(), 1);
    assert.deepEqual(
      told.filter((line) => line.startsWith("AuthProvider")),
      [],
    );
  }
});

test("StatusWriter writes credentials that are fetched all the time once a minute, and tells of none", async (t) => {
  const { clock, life, told, writes, say } = scene(t);
  say(credential(clock));
  await life.catchUp();
  const before = writes();
  for (let fetches = 0; fetches < 360; fetches += 1) {
    await clock.advance(10 * second);
    say(credential(clock));
    await life.catchUp();
  }
  assert.ok(writes() - before >= 55 && writes() - before <= 61, `${writes() - before} writes in an hour`);
  assert.deepEqual(told, ["AuthProvider Succeeded"]);
});

test("StatusWriter writes a failure that goes on at once and then with heartbeats, and tells of it once", async (t) => {
  const { clock, life, told, writes, say } = scene(t);
  const firstTime = clock.now();
  const failed = (count: number): Partial<ProviderState> => ({
    ...{ ready: false, reason: "IdentityRefused", message: "no such client" },
    lastError: { class: "CredentialUnavailable", message: "no such client", firstTime, time: clock.now(), count },
  });
  say(failed(1));
  await life.catchUp();
  for (let count = 2; count < 362; count += 1) {
    await clock.advance(10 * second);
    say(failed(count));
    await life.catchUp();
  }
  assert.ok(writes() >= 2 && writes() <= 8, `${writes()} writes in an hour`);
  assert.deepEqual(told, ["AuthProvider IdentityRefused"]);
});

test("StatusWriter takes away the end of a credential that nobody asked for any more, when it has come", async (t) => {
  const { server, clock, life, say } = scene(t);
  const endsAt = clock.now() + hour;
  const expirationTime = (): unknown => (server.statusOf("AuthProvider/acr") as { readonly expirationTime?: unknown }).expirationTime;
  say({ lastRefresh: clock.now(), expiresAt: endsAt });
  await life.catchUp();
  assert.equal(typeof expirationTime(), "string");
  await life.catchUp();
  await clock.advance(hour - minute);
  assert.equal(typeof expirationTime(), "string");
  // As a provider of a cloud does, by itself and without a word: what has ended is in nobody's use.
  life.factories.states.set("acr", { ready: true, reason: "Resolved", message: "m", warnings: [], identity: "client 42" });
  await clock.advance(2 * minute);
  assert.equal(expirationTime(), undefined);
});
