import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { ViewPolicy } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { gate, needs, policy, verify, wordOf } from "./verify.ts";

const minute = 60_000;

/** An image that one policy would deny but for an exception, while another policy has to be looked at: an allow that is remembered. */
function world(script: Script = {}, more: Partial<ViewPolicy> = {}) {
  const clock = new SkewedClock();
  const verdicts = new VerdictCache({ clock });
  const end = clock.now() + 5 * minute;
  const exempt = policy("two", [needs("release", { atLeast: 2 })], { exceptions: [{ expirationTime: end, reason: "SEC-142" }], ...more });
  const stores = [entry(modelStore("s", { referrers: [artifact()], ...script }))];
  // Waited for, until the listing has ended.
  const patient = policy("patient", [needs("release", { atLeast: 3 })], { enforcement: "Audit" });
  const policies = [policy("one", [needs("release")]), exempt, ...(script.tagged === undefined ? [] : [patient])];
  const verifiers = ready(modelVerifier("release"));
  const ask = (signal = new AbortController().signal): ReturnType<typeof verify> =>
    verify(stores, { clock, verdicts, policies, verifiers, signal });
  return { clock, end, ask };
}

/** One whose wall clock can be set. */
class SkewedClock extends ManualClock {
  skew = 0;
  override now(): number {
    return super.now() + this.skew;
  }
}

describe("an allow that stands on an exception", () => {
  it("is remembered until just before the exception ends, and not at that moment", async () => {
    const { clock, ask } = world();
    assert.equal(wordOf(await ask()), "allow");
    await clock.advance(5 * minute - 1);
    assert.equal(wordOf(await ask()), "allow");
    await clock.advance(1);
    assert.equal(wordOf(await ask()), "deny PolicyNotSatisfied");
  });

  it("ends by the clock on the wall, which may be set", async () => {
    const { clock, ask } = world();
    assert.equal(wordOf(await ask()), "allow");
    clock.skew = 5 * minute;
    assert.equal(wordOf(await ask()), "deny PolicyNotSatisfied");
  });

  it("is not given to who comes after its end, though the verification began before", async () => {
    const { wait, open } = gate();
    const { clock, ask } = world({ before: (call) => (call === "fetch" ? wait() : Promise.resolve()) });
    await clock.advance(5 * minute - 1);
    const before = ask();
    await clock.settle();
    await clock.advance(1);
    const after = ask();
    await clock.settle();
    open();
    assert.deepEqual([wordOf(await before), wordOf(await after)], ["allow", "deny PolicyNotSatisfied"]);
  });

  it("is not told to who has to answer early, after its end", async () => {
    const { clock, ask } = world({ tagged: "silence" });
    await clock.advance(5 * minute - 1);
    const caller = new AbortController();
    void ask();
    await clock.settle();
    await clock.advance(1);
    const late = ask(caller.signal);
    await clock.settle();
    caller.abort();
    assert.notEqual((await late).verdict.outcome, "allow");
  });

  it("is no longer named in a report after its end, even by a policy that only warns", async () => {
    const { clock, ask } = world({}, { enforcement: "Warn" });
    const outcomes = async (): Promise<readonly string[]> => (await ask()).policies.map(({ outcome }) => outcome);
    assert.deepEqual(await outcomes(), ["allow", "allow"]);
    await clock.advance(5 * minute);
    assert.deepEqual(await outcomes(), ["allow", "deny"]);
  });
});
