import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResultCache } from "../../src/engine/result-cache.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, otherSubject, subject } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { gate, listings, verify, wordOf } from "./verify.ts";

const signed = artifact();
const { digest } = signed.descriptor;
const optional = { evidence: "Optional" } as const;

describe("verifyImage() reads", () => {
  it("an artifact that two locations hold once, verifies it once, and says that both hold it", async () => {
    const verifier = modelVerifier("release");
    // Rejected, so that nothing is decided before both have been listed to their ends.
    const bad = artifact({ finding: "bad" });
    const a = modelStore("a", { referrers: [bad] });
    const b = modelStore("b", { referrers: [bad], location: "mirror.example/app" });
    const report = await verify([entry(a), entry(b)], { verifiers: ready(verifier) });
    assert.equal(wordOf(report), "deny NoValidSignature");
    assert.deepEqual(verifier.asked, [bad.descriptor.digest]);
    assert.equal([...a.calls, ...b.calls].filter((call) => call.startsWith("fetch")).length, 1);
    assert.deepEqual(
      report.artifacts.map(({ heldBy, readFrom }) => [heldBy, readFrom]),
      [[["a", "b"], "a"]],
    );
  });

  it("to the verdict, at whatever moment the content comes", async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const late = async (call: string): Promise<void> => {
        if (call !== "fetch") return;
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      };
      for (const script of [{ referrers: [signed] }, { tagged: [signed] }])
        assert.equal(wordOf(await verify([entry(modelStore("a", { ...script, before: late }))])), "allow", `${turns} turns`);
    }
  });

  it("from the next store where one serves other bytes than it named, and marks the one", async () => {
    const a = modelStore("a", { referrers: [signed], fetch: "ProtocolError" });
    const b = modelStore("b", { referrers: [signed], location: "mirror.example/app" });
    const report = await verify([entry(a), entry(b)]);
    assert.deepEqual([wordOf(report), report.artifacts.map(({ readFrom }) => readFrom)], ["allow", ["b"]]);
    assert.deepEqual(listings(report)["a"], "Complete ProtocolError");
  });

  it("by the credential of the location that can read where the one that listed cannot", async () => {
    const a = modelStore("a", { referrers: [signed], fetch: "AuthorizationDenied" });
    const b = modelStore("b", { holds: [signed] });
    const report = await verify([entry(a), entry(b)]);
    assert.deepEqual([wordOf(report), report.artifacts.map(({ readFrom }) => readFrom)], ["allow", ["b"]]);
    assert.deepEqual(listings(report), { a: "Complete AuthorizationDenied", b: "CoveredByOther" });
  });

  it("by the descriptor of the store that tells the truth where another lies about the size", async () => {
    const lie = artifact({ listedSize: 1 << 30 });
    const a = modelStore("a", { referrers: [lie] });
    const b = modelStore("b", { referrers: [signed], location: "mirror.example/app" });
    assert.equal(lie.descriptor.digest, digest);
    const report = await verify([entry(a), entry(b)]);
    assert.deepEqual([wordOf(report), report.artifacts.map(({ readFrom }) => readFrom)], ["allow", ["b"]]);
    assert.deepEqual(listings(report)["a"], "Complete LimitExceeded");
  });

  it("nothing by a useless credential beside a good one, after the first time", async () => {
    const memory = new Map<string, string>();
    const useless = modelStore("a", { referrers: "AuthenticationFailed" });
    const good = modelStore("b", { referrers: [signed] });
    const first = await verify([entry(useless), entry(good)], { memory });
    assert.deepEqual([wordOf(first), listings(first)], ["allow", { a: "Failed AuthenticationFailed", b: "Complete" }]);
    const second = await verify([entry(useless), entry(good)], { memory });
    assert.deepEqual([wordOf(second), listings(second)], ["allow", { a: "CoveredByOther", b: "Complete" }]);
    assert.deepEqual(useless.calls, ["list"]);
  });

  it("by one of two stores that would send the same, and says that the other is covered", async () => {
    const a = modelStore("a", { identity: "anonymous" });
    const b = modelStore("b", { identity: "anonymous" });
    const report = await verify([entry(a), entry(b)]);
    assert.deepEqual(
      [wordOf(report), listings(report), report.complete],
      ["deny NoValidSignature", { a: "Complete", b: "CoveredByOther" }, true],
    );
    assert.deepEqual([a.calls, b.calls], [["list", "tag"], []]);
  });

  it("by one of two stores that would send the same, and both have failed where it has", async () => {
    const a = modelStore("a", { identity: "anonymous", referrers: "AuthenticationFailed" });
    const b = modelStore("b", { identity: "anonymous" });
    const report = await verify([entry(a), entry(b)]);
    assert.deepEqual(
      [wordOf(report), listings(report)],
      ["inconclusive StoreFailed", { a: "Failed AuthenticationFailed", b: "Failed AuthenticationFailed" }],
    );
  });

  it("cosign's tag after the referrers, and only while nothing is decided", async () => {
    const decided = modelStore("a", { referrers: [signed] });
    await verify([entry(decided)]);
    assert.deepEqual(decided.calls, ["list", `fetch ${digest}`]);
    const open = modelStore("a", { referrers: [artifact({ finding: "bad" })] });
    await verify([entry(open)]);
    assert.deepEqual(
      open.calls.map((call) => call.split(" ")[0]),
      ["list", "fetch", "tag"],
    );
  });

  it("cosign's tag by the store that could list", async () => {
    const a = modelStore("a", { referrers: "AuthenticationFailed" });
    const b = modelStore("b");
    await verify([entry(a), entry(b)]);
    assert.deepEqual([a.calls, b.calls], [["list"], ["list", "tag"]]);
  });

  it("a second store beside a slow one after 250 ms, and allows by it", async () => {
    const clock = new ManualClock();
    const slow = modelStore("a", { referrers: "silence" });
    const quick = modelStore("b", { referrers: [signed] });
    const report = verify([entry(slow), entry(quick)], { clock });
    await clock.advance(249);
    assert.deepEqual(quick.calls, []);
    await clock.advance(1);
    assert.deepEqual([wordOf(await report), slow.aborted()], ["allow", ["list"]]);
    assert.equal(clock.pending, 0);
  });

  it("nothing anew that a verifier has found out of the same artifact and subject, and only that", async () => {
    const results = new ResultCache();
    const verifier = modelVerifier("release");
    const again = (more: Parameters<typeof verify>[1] = {}): Promise<unknown> =>
      verify([entry(modelStore("a", { referrers: [signed] }))], { results, verifiers: ready(verifier), ...more });
    await again();
    await again();
    assert.equal(verifier.asked.length, 1);
    const unclear = artifact({ finding: "unclear" });
    for (const _ of [1, 2]) await verify([entry(modelStore("a", { referrers: [unclear] }))], { results, verifiers: ready(verifier) });
    assert.equal(verifier.asked.length, 3);
  });

  it("a result of one subject not for another", async () => {
    const results = new ResultCache();
    const verifier = modelVerifier("release");
    // Under cosign's tag the manifest names no subject: what the verifier found holds for the one that it was asked about.
    const tagged = artifact({ names: null });
    for (const image of [subject, otherSubject])
      await verify([entry(modelStore("a", { tagged: [tagged] }))], {
        results,
        verifiers: ready(verifier),
        image: `registry.example/app@${image}`,
      });
    assert.equal(verifier.asked.length, 2);
  });

  it("what every applicable verifier needs, and a failure of one is its own", async () => {
    const release = modelVerifier("release", { trusts: ["alice"] });
    const staging = modelVerifier("staging", { trusts: ["bob"] });
    const report = await verify([entry(modelStore("a", { referrers: [artifact({ finding: "by bob" })] }))], {
      verifiers: ready(staging, release),
    });
    assert.equal(wordOf(report), "allow");
    assert.deepEqual(
      report.artifacts[0]?.results.map(({ verifier, outcome }) => [verifier, outcome]),
      [
        ["release", "rejected"],
        ["staging", "verified"],
      ],
    );
  });

  it("a deny past the failure of an optional store is not complete, one past a useless credential is", async () => {
    const broken = modelStore("a", { referrers: "ServerError", location: "mirror.example/app" });
    assert.equal((await verify([entry(broken, optional), entry(modelStore("b"))])).complete, false);
    const useless = modelStore("a", { referrers: "AuthenticationFailed" });
    assert.equal((await verify([entry(useless), entry(modelStore("b"))])).complete, true);
  });

  it("side by side: a location that has not answered does not hold up another", async () => {
    const { wait, open } = gate();
    const late = modelStore("a", { before: wait, location: "mirror.example/app" });
    const report = await verify([entry(late), entry(modelStore("b", { referrers: [signed] }))]);
    assert.deepEqual([wordOf(report), listings(report), report.complete], ["allow", { a: "NotAwaited", b: "Complete" }, false]);
    open();
  });
});
