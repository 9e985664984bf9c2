import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { VerifyInput } from "../../src/engine/verifier.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { digestImage, gate, listings, verify, wordOf } from "./verify.ts";

const signed = artifact();
const bad = artifact({ finding: "bad" });
const elsewhere = { location: "mirror.example/app" };
const patient = { timeoutMs: 60_000 };
const problem = "KeyProvider/gone does not exist";

describe("verifyImage() without anybody to ask", () => {
  it("denies where no store has scopes that match: there is nowhere a signature could be", async () => {
    const report = await verify([]);
    assert.deepEqual(
      [report.verdict, report.complete],
      [{ outcome: "deny", code: "NoStore", reasons: ["no Store has scopes that match registry.example/app"] }, false],
    );
  });

  it("is inconclusive where there is no Verifier, and asks nobody", async () => {
    const model = modelStore("a", { referrers: [signed] });
    const report = await verify([entry(model)], { verifiers: [] });
    assert.deepEqual([wordOf(report), model.calls, listings(report)], ["inconclusive NotConfigured", [], { a: "NotAwaited" }]);
  });

  it("is inconclusive where no Verifier is ready, and asks nobody", async () => {
    const model = modelStore("a", { referrers: [signed] });
    const report = await verify([entry(model)], { verifiers: [{ name: "release", problem }] });
    assert.deepEqual([wordOf(report), model.calls], ["inconclusive VerifierNotReady", []]);
  });
});

describe("verifyImage() with something that is not ready", () => {
  const notReady = [...ready(modelVerifier("release")), { name: "staging", problem }];
  it("never denies while a verifier has a problem", async () => {
    const report = await verify([entry(modelStore("a", { referrers: [bad] }))], { verifiers: notReady });
    assert.deepEqual([wordOf(report), report.complete], ["inconclusive VerifierNotReady", false]);
  });
  it("allows by another verifier while one has a problem", async () => {
    assert.equal(wordOf(await verify([entry(modelStore("a", { referrers: [signed] }))], { verifiers: notReady })), "allow");
  });
  it("never denies while a verifier works though it has a problem: some of its keys may be missing", async () => {
    const partial = [{ ...ready(modelVerifier("release"))[0], name: "release", problem }];
    assert.equal(
      wordOf(await verify([entry(modelStore("a", { referrers: [bad] }))], { verifiers: partial })),
      "inconclusive VerifierNotReady",
    );
  });

  const failure = { class: "Internal", message: "spec.scopes: is not readable" } as const;
  const { store: _, ...invalid } = entry(modelStore("z"), { problem: failure });
  it("never denies while a required store is invalid", async () => {
    const report = await verify([invalid, entry(modelStore("a"))]);
    assert.deepEqual([wordOf(report), listings(report)], ["inconclusive StoreFailed", { a: "Complete", z: "Failed Internal" }]);
  });
  it("denies while an optional store is invalid, and does not call that complete", async () => {
    const report = await verify([{ ...invalid, evidence: "Optional" }, entry(modelStore("a"))]);
    assert.deepEqual([wordOf(report), report.complete], ["deny NoValidSignature", false]);
  });
  it("does not allow by a verifier of content alone", async () => {
    const content = modelVerifier("sbom", { kind: "content" });
    assert.equal(
      wordOf(await verify([entry(modelStore("a", { referrers: [signed] }))], { verifiers: ready(content) })),
      "deny NoValidSignature",
    );
  });
});

describe("verifyImage() ends", () => {
  it("as soon as nothing can change any more: the slow location is not awaited, and is stopped", async () => {
    const slow = modelStore("a", { ...elsewhere, referrers: "silence" });
    const clock = new ManualClock();
    const report = await verify([entry(slow), entry(modelStore("b", { referrers: [signed] }))], { clock });
    assert.deepEqual([wordOf(report), listings(report), report.complete], ["allow", { a: "NotAwaited", b: "Complete" }, false]);
    assert.deepEqual([slow.aborted(), clock.pending], [["list"], 0]);
  });

  it("with what is known when its time is up: allow, if that is known", async () => {
    const clock = new ManualClock();
    const hung = modelVerifier("staging", { silent: true });
    const report = verify([entry(modelStore("a", { referrers: [bad] }), patient)], {
      clock,
      totalMs: 1000,
      verifiers: ready(modelVerifier("release"), hung),
    });
    await clock.advance(1000);
    assert.deepEqual([wordOf(await report), clock.pending], ["inconclusive Timeout", 0]);
  });

  it("inconclusive when its time is up before a required location has answered", async () => {
    const clock = new ManualClock();
    const report = verify([entry(modelStore("a", { referrers: "silence" }), patient)], { clock, totalMs: 1000 });
    // 60 % of a second: the store fails within its slice, and the rest of the time is of use to others.
    await clock.advance(600);
    assert.deepEqual([wordOf(await report), listings(await report)], ["inconclusive StoreFailed", { a: "Failed Timeout" }]);
  });

  it("with an answer when its caller leaves, at any of its waits", async () => {
    for (const silence of ["resolve", "referrers", "tagged", "fetch"] as const) {
      const caller = new AbortController();
      const clock = new ManualClock();
      const model = modelStore("a", { referrers: [bad], [silence]: "silence" });
      const image = silence === "resolve" ? "registry.example/app:v1" : digestImage;
      const report = verify([entry(model)], { clock, image, signal: caller.signal });
      await clock.settle();
      caller.abort(new DOMException("gone", "AbortError"));
      assert.deepEqual([silence, wordOf(await report), clock.pending], [silence, "inconclusive Timeout", 0]);
    }
  });

  it("with an answer for a caller that had left already", async () => {
    const model = modelStore("a", { referrers: [signed] });
    assert.equal(wordOf(await verify([entry(model)], { signal: AbortSignal.abort("gone") })), "inconclusive Timeout");
    assert.deepEqual(model.calls, []);
  });

  it("with an answer where a plug-in cannot even say where it reads", async () => {
    const astray = { ...modelStore("a"), locate: () => assert.fail("a defect") };
    const report = await verify([entry(astray), entry(modelStore("b", { referrers: [signed] }))]);
    assert.deepEqual([wordOf(report), listings(report)], ["allow", { a: "Failed Internal", b: "Complete" }]);
  });

  it("with an answer where a verifier drops a layer that it asked for", async () => {
    const hasty = {
      ...modelVerifier("release"),
      verify: (input: VerifyInput, signal: AbortSignal): never => {
        for (const layer of input.artifact.layers) void input.fetch(layer, signal);
        throw new TypeError("a defect");
      },
    };
    const unreadable = { ...artifact({ finding: "layer" }), layers: new Map() };
    const clock = new ManualClock();
    const report = await verify([entry(modelStore("a", { referrers: [unreadable] }))], { verifiers: ready(hasty), clock });
    // A rejection that nobody awaits would end the process: give it the time to.
    await clock.settle();
    assert.equal(report.verdict.outcome, "inconclusive");
  });

  it("with an answer for a caller that waits for a verification which could not begin", async () => {
    const clock = new ManualClock();
    const verdicts = new VerdictCache({ clock });
    const store = entry(modelStore("a", { referrers: [signed] }));
    const verifiers = ready(modelVerifier("release", { silent: true }));
    const one = (at: number, totalMs: number): ReturnType<typeof verify> =>
      verify([store], { clock, verdicts, verifiers, totalMs, image: `registry.example/app${at}@${digestImage.split("@")[1]}` });
    // As many verifications as there may be at a time, none of which comes to an end by itself.
    const many = Array.from({ length: 200 }, (_, at) => one(at, 30_000));
    await clock.advance(10_000);
    const late = one(199, 30_000);
    await clock.advance(30_000);
    assert.match(wordOf(await late), /^inconclusive/);
    await Promise.all(many);
  });

  it("by a good store though a broken one fills every place: it lists what it never serves", async () => {
    const clock = new ManualClock();
    const junk = Array.from({ length: 64 }, (_, salt) => artifact({ salt, finding: "bad" }));
    const broken = modelStore("a", { referrers: junk, fetch: "silence" });
    const { wait, open } = gate();
    const good = modelStore("b", { ...elsewhere, referrers: [signed], before: wait });
    const report = verify([entry(broken, { timeoutMs: 10_000 }), entry(good)], { clock });
    await clock.settle();
    open();
    await clock.settle();
    assert.equal(clock.pending, 0, "nothing is waited for any more");
    assert.equal(wordOf(await report), "allow");
  });
});
