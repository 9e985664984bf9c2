import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { ViewPolicy } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { needs, policy, verify, type VerifyOptions, wordOf } from "./verify.ts";

const warns = policy("warns", [needs("release", { atLeast: 2 })], { enforcement: "Warn" });
const exempt = policy("exempt", [needs("release")], { exceptions: [{ expirationTime: 8e15, reason: "SEC-1" }] });
/** Where the verdict is certain from the beginning. */
const certain: Readonly<Record<string, readonly ViewPolicy[]>> = {
  "nothing enforces, as in a namespace": [warns],
  "what enforces lets the image through": [exempt, warns],
};
const tag = { image: "registry.example/app:v1" } as const;

async function judge(policies: readonly ViewPolicy[], script: Script, more: VerifyOptions = {}): Promise<Report> {
  return await verify([entry(modelStore("s", { referrers: [artifact()], ...script }))], { policies, ...more });
}
const ofWarns = ({ policies }: Report): string | undefined => policies.find(({ name }) => name === "Policy/warns")?.outcome;

for (const [where, policies] of Object.entries(certain))
  describe(`a policy that only warns, where ${where}`, () => {
    it("is evaluated all the same", async () => {
      const report = await judge(policies, {});
      assert.deepEqual([wordOf(report), ofWarns(report)], ["allow", "deny"]);
      const twice = await judge(policies, { referrers: [artifact({ finding: "by alice bob" })] });
      assert.deepEqual([wordOf(twice), ofWarns(twice)], ["allow", "allow"]);
    });

    const failures: readonly (readonly [string, Script, VerifyOptions])[] = [
      ["the tag cannot be resolved", { resolve: "ServerError" }, tag],
      ["there is no such tag", {}, tag],
      ["nothing can be listed", { referrers: "ConnectionRefused" }, {}],
    ];
    for (const [what, script, more] of failures)
      it(`moves nothing where ${what}`, async () => {
        const report = await judge(policies, script, more);
        assert.deepEqual([wordOf(report), ofWarns(report)], ["allow", "inconclusive"]);
      });

    for (const what of ["resolve", "referrers"] as const)
      it(`moves nothing where nobody answers (${what})`, async () => {
        const clock = new ManualClock();
        const caller = new AbortController();
        const options = { clock, verdicts: new VerdictCache({ clock }), signal: caller.signal, ...(what === "resolve" && tag) };
        const pending = judge(policies, { [what]: "silence" }, options);
        await clock.advance(10);
        caller.abort();
        assert.equal(wordOf(await pending), "allow");
      });

    it("asks nobody where there is nobody who could judge", async () => {
      const store = modelStore("s", {});
      const verifiers = [{ name: "release", problem: "KeyProvider/gone does not exist" }];
      assert.equal(wordOf(await verify([entry(store)], { policies, verifiers })), "allow");
      assert.equal(wordOf(await verify([], { policies })), "allow");
      assert.deepEqual(store.calls, []);
    });
  });
