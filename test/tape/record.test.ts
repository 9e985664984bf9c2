import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../src/engine/store.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import type { Tape } from "../../src/tape/tape.ts";
import { artifact, subject } from "../engine/model-artifact.ts";
import { entry, modelStore } from "../engine/model-store.ts";
import { modelVerifier, ready } from "../engine/model-verifier.ts";
import { digestImage, listings, needs, policy, verify, wordOf } from "../engine/verify.ts";
import { ManualClock } from "../support/clock.ts";
import { make, play, tapeOf } from "./play.ts";

const signed = artifact({ finding: "by alice" });
const layered = artifact({ finding: "layer", salt: "layered" });

interface Given {
  readonly image?: string;
  readonly stores: readonly ViewStore[];
  readonly verifiers?: readonly Verifier[];
  readonly leaves?: Parameters<typeof policy>[1];
  readonly platforms?: "Named";
  readonly clock?: ManualClock;
  readonly signal?: AbortSignal;
  readonly stepMs?: number;
}

async function recorded({ stores, verifiers = [modelVerifier("release")], leaves = [needs("release")], platforms, ...more }: Given) {
  const policies = [policy("release", leaves, platforms === undefined ? {} : { platforms })];
  const view = { revision: "r1", stores, verifiers: ready(...verifiers), policies };
  return await make({ image: digestImage, realms: { cluster: view }, ...more });
}
const replayed = (tape: Tape) => play(tape, { verifier: (name) => modelVerifier(name) });
const calls = (tape: Tape): readonly string[] => tape.events.map(({ call }) => call);

test("record() gives the verdict that a verification gives", async () => {
  const stores = [
    entry(modelStore("one", { referrers: [signed] })),
    entry(modelStore("two", { location: "two/x", referrers: "ServerError" })),
  ];
  const { report } = await recorded({ stores });
  const plain = await verify(stores, { policies: [policy("release", [needs("release")])] });
  assert.deepEqual(report.verdict, plain.verdict);
  assert.deepEqual(report.policies, plain.policies);
});

test("record() asks one of two Stores that would send the same, as a verification does", async () => {
  const [one, two] = [modelStore("one", { identity: "same", referrers: "ServerError" }), modelStore("two", { identity: "same" })];
  const recording = await recorded({ stores: [entry(one), entry(two)] });
  assert.deepEqual(listings(recording.report), { one: "Failed ServerError", two: "Failed ServerError" });
  assert.deepEqual([one.calls, two.calls], [["list"], []]);
  assert.deepEqual((await replayed(tapeOf(recording))).report, recording.report);
});

test("record() keeps what is read once, whoever asks for it", async () => {
  const stores = ["one", "two"].map((name) => entry(modelStore(name, { location: `${name}.example/app`, referrers: [layered] })));
  const tape = tapeOf(await recorded({ stores, verifiers: [modelVerifier("release"), modelVerifier("other")] }));
  assert.deepEqual([...tape.content.keys()].toSorted(), [layered.descriptor.digest, ...layered.layers.keys()].toSorted());
});

test("a layer is read by what is known when the Verifier asks for it, in the replay too", async () => {
  const clock = new ManualClock();
  // The artifact is read from `one`, which then loses its layers; `two` names it while the Verifier still thinks, and has them.
  const one = modelStore("one", { location: "one.example/app", referrers: [layered], holds: [] });
  const forgetful: Store = {
    ...one,
    fetch: async (repository, descriptor, signal) => {
      if (layered.layers.has(descriptor.digest)) throw new TypeError("lost");
      return await one.fetch(repository, descriptor, signal);
    },
  };
  const two = modelStore("two", {
    location: "two.example/app",
    referrers: [layered],
    before: () => clock.sleep(100, new AbortController().signal),
  });
  const thoughtful = modelVerifier("release", { before: () => clock.sleep(500, new AbortController().signal) });
  const recording = await recorded({ stores: [entry(forgetful), entry(two)], verifiers: [thoughtful], clock });
  assert.equal(wordOf(recording.report), "allow");
  const { report, differences } = await replayed(tapeOf(recording));
  assert.deepEqual(report, recording.report);
  assert.deepEqual(differences, []);
});

test("the caller's patience is part of a recording", async () => {
  const clock = new ManualClock();
  using deadline = clock.deadline(700);
  const recording = await recorded({ stores: [entry(modelStore("one", { referrers: "silence" }))], clock, signal: deadline.signal });
  assert.equal(wordOf(recording.report), "inconclusive Timeout");
  const tape = tapeOf(recording);
  assert.equal(calls(tape).at(-1), "stop");
  assert.deepEqual((await replayed(tape)).report, recording.report);
  assert.equal(clock.pending, 0);
});

test("a signal that has aborted before ends a recording at once", async () => {
  const recording = await recorded({ stores: [entry(modelStore("one", { referrers: [signed] }))], signal: AbortSignal.abort() });
  assert.equal(wordOf(recording.report), "inconclusive Timeout");
  assert.deepEqual((await replayed(tapeOf(recording))).report, recording.report);
});

test("a Store that cannot say where it reads cannot in the replay either", async () => {
  const lost: Store = {
    ...modelStore("lost"),
    locate: () => {
      throw new TypeError("a defect");
    },
  };
  const recording = await recorded({ stores: [entry(lost), entry(modelStore("one", { referrers: [] }))] });
  assert.equal(wordOf(recording.report), "inconclusive StoreFailed");
  const tape = tapeOf(recording);
  assert.equal(tape.realms.cluster.stores[0]?.place, "lost");
  assert.deepEqual((await replayed(tape)).report, recording.report);
});

test("what an index names is part of a recording", async () => {
  const platform = artifact({ names: null, salt: "platform" });
  const index = { platforms: [platform.descriptor] };
  const store = modelStore("one", {
    indexes: { [subject]: index.platforms },
    referrersOf: { [platform.descriptor.digest]: [artifact({ names: platform.descriptor.digest })] },
  });
  const recording = await recorded({ stores: [entry(store)], platforms: "Named" });
  assert.equal(wordOf(recording.report), "allow");
  assert.deepEqual((await replayed(tapeOf(recording))).report, recording.report);
});

test("nothing of a listing's annotations is kept", async () => {
  const store = modelStore("one", { referrers: [] });
  const chatty: Store = {
    ...store,
    async *listReferrers() {
      yield { ...signed.descriptor, annotations: new Map([["echo", "Bearer canary"]]) };
    },
    fetch: () => Promise.resolve(signed.bytes),
  };
  const recording = await recorded({ stores: [entry(chatty)] });
  assert.equal(wordOf(recording.report), "allow");
  assert.ok(!Buffer.from(recording.encode({ report: {}, recordedBy: "1" })).includes("canary"));
});

test("record() takes nothing for an answer that other bytes than were asked for are", async () => {
  const store: Store = { ...modelStore("one", { referrers: [signed] }), fetch: () => Promise.resolve(Buffer.from("something else")) };
  const recording = await recorded({ stores: [entry(store)] });
  assert.equal(wordOf(recording.report), "inconclusive ArtifactUnreadable");
  const tape = tapeOf(recording);
  assert.deepEqual([...tape.content.keys()], [digestOf(Buffer.from("something else"))]);
  assert.deepEqual((await replayed(tape)).report, recording.report);
});

test("a recording that would be too large is none", async () => {
  const store: Store = { ...modelStore("one", { referrers: [signed] }), fetch: () => Promise.resolve(Buffer.alloc(65 << 20)) };
  const recording = await recorded({ stores: [entry(store)] });
  assert.throws(() => recording.encode({ report: {}, recordedBy: "1" }), { code: "TAPE_TOO_LARGE" });
});

test("a listing so long that the engine gives way to others in the middle of it is replayed like any other", async () => {
  const clock = new ManualClock();
  const others = Array.from({ length: 700 }, (_, salt) => artifact({ type: "application/vnd.model.other", salt }));
  const slow = modelStore("slow", {
    location: "slow.example/app",
    referrers: [layered],
    before: () => clock.sleep(1, new AbortController().signal),
  });
  const stores = ["one", "two"].map((name) => entry(modelStore(name, { location: `${name}.example/app`, referrers: [...others, signed] })));
  const recording = await recorded({ stores: [...stores, entry(slow)], leaves: [needs("release", { atLeast: 2 })], clock, stepMs: 1 });
  const tape = tapeOf(recording);
  assert.ok(tape.events.length > 1400);
  assert.deepEqual((await replayed(tape)).report, recording.report);
});

test("a recording that could not be read again is none", async () => {
  const recording = await recorded({ stores: [entry({ ...modelStore("one"), name: "x".repeat(600) })] });
  assert.throws(() => recording.encode({ report: {}, recordedBy: "1" }), { code: "TAPE_INVALID" });
});
