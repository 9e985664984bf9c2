import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import { verifyImage } from "../../src/engine/verify-image.ts";
import { ManualClock } from "../support/clock.ts";
import {
  atOnce,
  digestOfArtifact,
  type Gate,
  type ModelArtifact,
  type ModelStore,
  modelVerifier,
  newDeps,
  request,
  signatureType,
  subjectDigest,
  type Trace,
  unaborted,
  viewOf,
  viewStore,
} from "./model.ts";

const signed: ModelArtifact = { id: 1, subject: subjectDigest, type: signatureType, judgements: { release: "by alice" } };
const unsigned: ModelArtifact = { id: 2, subject: subjectDigest, type: signatureType };
/** As under cosign's tag: no subject of its own. */
const tagged: ModelArtifact = { id: 3, type: signatureType, judgements: { release: "by alice" } };

/** Holds back what a label says until it is opened. */
function gates(...held: readonly string[]): { readonly gate: Gate; readonly open: (label: string) => void } {
  const waiting = new Map(held.map((label) => [label, Promise.withResolvers<void>()]));
  return { gate: (label) => waiting.get(label)?.promise ?? Promise.resolve(), open: (label) => waiting.get(label)?.resolve() };
}

function view(models: readonly ModelStore[], gate: Gate = atOnce, trace: Trace = []): ReturnType<typeof viewOf> {
  return viewOf(
    models.map((model) => viewStore(model, gate, trace)),
    [modelVerifier("release", gate)],
  );
}

describe("a claim that comes late", () => {
  test("is tried where the first store could not give what it named", async () => {
    const { gate, open } = gates("good listReferrers");
    const clock = new ManualClock();
    const models: readonly ModelStore[] = [
      { name: "bad", location: { key: "one", referrers: [signed] }, lies: true },
      { name: "good", location: { key: "two", referrers: [signed] } },
    ];
    const answer = verifyImage(request(view(models, gate)), newDeps(clock), unaborted);
    await clock.settle();
    open("good listReferrers");
    const report = await answer;
    assert.equal(report.verdict.outcome, "allow");
    assert.deepEqual(
      report.artifacts.map(({ digest, heldBy, readFrom }) => ({ digest, heldBy, readFrom })),
      [{ digest: digestOfArtifact(signed), heldBy: ["bad", "good"], readFrom: "good" }],
    );
    assert.deepEqual(report.stores[0]?.failures, [{ class: "ProtocolError", message: "bad at its host: ProtocolError" }]);
  });

  test("counts where the first one was wrong about it: the store that listed it as a referrer is marked", async () => {
    const { gate, open } = gates("right listTagged");
    const clock = new ManualClock();
    const models: readonly ModelStore[] = [
      { name: "right", location: { key: "two", referrers: [], tagged } },
      { name: "wrong", location: { key: "one", referrers: [tagged] } },
    ];
    const answer = verifyImage(request(view(models, gate)), newDeps(clock), unaborted);
    await clock.settle();
    open("right listTagged");
    const report = await answer;
    assert.equal(report.verdict.outcome, "allow");
    assert.deepEqual(
      report.stores.map(({ name, failures }) => [name, ...failures.map((failure) => failure.class)]),
      [["right"], ["wrong", "ProtocolError"]],
    );
  });

  test("is judged even if its store's listing then fails", async () => {
    const models: readonly ModelStore[] = [
      { name: "a", location: { key: "one", referrers: [signed, unsigned] }, listingFails: { after: 1, class: "ConnectionReset" } },
    ];
    assert.equal((await verifyImage(request(view(models)), newDeps(), unaborted)).verdict.outcome, "allow");
  });
});

describe("a store that never answers, and does not listen to its signal either", () => {
  for (const method of ["listReferrers", "listTagged", "fetch"] as const)
    test(`in ${method}() fails after its own timeout, and the other location decides`, async () => {
      const clock = new ManualClock();
      const models: readonly ModelStore[] = [
        { name: "good", location: { key: "two", referrers: [], tagged } },
        { name: "hung", location: { key: "one", referrers: [unsigned] }, hangs: [method], timeoutMs: 1_000 },
      ];
      const { gate, open } = gates("good listTagged");
      const answer = verifyImage(request(view(models, gate)), newDeps(clock), unaborted);
      await clock.advance(1_000);
      open("good listTagged");
      const report = await answer;
      assert.equal(report.verdict.outcome, "allow");
      assert.deepEqual(report.stores[1]?.failures, [{ class: "Timeout", message: "its host did not answer in time (timeout 1000 ms)" }]);
    });

  test("makes an unsigned image inconclusive, and denied where it is Optional", async () => {
    for (const [evidence, expected] of [
      ["Required", "inconclusive StoreFailed"],
      ["Optional", "deny NoValidSignature"],
    ] as const) {
      const clock = new ManualClock();
      const models: readonly ModelStore[] = [
        { name: "good", location: { key: "two", referrers: [unsigned] } },
        { name: "hung", location: { key: "one", referrers: [] }, hangs: ["listReferrers"], evidence },
      ];
      const answer = verifyImage(request(view(models)), newDeps(clock), unaborted);
      await clock.advance(2_000);
      const { verdict } = await answer;
      assert.equal(verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`, expected);
    }
  });

  test("in resolve() leaves the tag unresolved", async () => {
    const clock = new ManualClock();
    const models: readonly ModelStore[] = [{ name: "hung", location: { key: "one", referrers: [signed] }, hangs: ["resolve"] }];
    const answer = verifyImage(request(view(models), { tag: "v1" }), newDeps(clock), unaborted);
    await clock.advance(2_000);
    const { verdict, stores } = await answer;
    assert.deepEqual(verdict, {
      outcome: "inconclusive",
      code: "SubjectUnresolved",
      causes: [
        "registry.example/app:v1 could not be resolved to a digest: hung (Timeout: registry.example did not answer in time (timeout 2000 ms))",
      ],
    });
    assert.equal(stores[0]?.listing, "Failed");
    assert.equal(clock.pending, 0);
  });
});

describe("a limit", () => {
  const many = [1, 2, 3].map((id): ModelArtifact => ({ ...unsigned, id }));
  const limits = { artifacts: 2, blobBytes: 1 << 20, depth: 3 };

  test("is inconclusive, whichever store of a required location has it", async () => {
    const location = { key: "one", referrers: many };
    for (const evidence of ["Required", "Optional"] as const) {
      const models: readonly ModelStore[] = [
        { name: "a", location, limits, evidence },
        { name: "b", location, listingFails: { after: 0, class: "AuthenticationFailed" } },
      ];
      const { verdict } = await verifyImage(request(view(models)), newDeps(), unaborted);
      assert.equal(verdict.outcome === "inconclusive" && verdict.code, "StoreFailed");
      assert.match(
        verdict.outcome === "inconclusive" ? verdict.causes.join("\n") : "",
        /a \(LimitExceeded: its host lists more artifacts that a Verifier could judge \(limits\.artifacts of Store\/a: 2\)/,
      );
    }
  });

  test("of one store does not bind another of the same location", async () => {
    const location = { key: "one", referrers: many };
    const models: readonly ModelStore[] = [
      { name: "a", location, limits },
      { name: "b", location },
    ];
    const { verdict } = await verifyImage(request(view(models)), newDeps(), unaborted);
    assert.equal(verdict.outcome === "deny" && verdict.code, "NoValidSignature");
  });

  test("does not count what no verifier can judge", async () => {
    const rubbish = [11, 12, 13].map((id): ModelArtifact => ({ id, subject: subjectDigest, type: "application/vnd.test.other" }));
    const models: readonly ModelStore[] = [{ name: "a", location: { key: "one", referrers: [...rubbish, signed] }, limits }];
    assert.equal((await verifyImage(request(view(models)), newDeps(), unaborted)).verdict.outcome, "allow");
  });
});

describe("a caller that has to answer before the verification ends", () => {
  test("is given what is known, and the next one what the verification came to", async () => {
    const clock = new ManualClock();
    const { gate, open } = gates("slow listReferrers");
    const models: readonly ModelStore[] = [
      { name: "fast", location: { key: "one", referrers: [unsigned] } },
      { name: "slow", location: { key: "two", referrers: [signed] }, timeoutMs: 20_000 },
    ];
    const deps = { ...newDeps(clock), verdicts: new VerdictCache({ clock }) };
    const trace: Trace = [];
    const asked = request(view(models, gate, trace));
    const early = verifyImage(asked, { ...deps, totalMs: 3_000 }, unaborted);
    await clock.advance(3_000);
    const { verdict, artifacts, complete, durationMs } = await early;
    assert.deepEqual(verdict, { outcome: "inconclusive", code: "Timeout", causes: ["the request ended before two had been read"] });
    assert.deepEqual([artifacts.length, complete, durationMs], [1, false, 3_000]);
    // Its slice is of the verification's own time, not of what the first caller had.
    await clock.advance(5_000);
    open("slow listReferrers");
    await clock.settle();
    assert.equal((await verifyImage(asked, deps, unaborted)).verdict.outcome, "allow");
    assert.equal(trace.filter((call) => call === "slow listReferrers").length, 1);
  });
});

describe("what is remembered", () => {
  const broken: ModelStore = { name: "b", location: { key: "two", referrers: [signed] }, listingFails: { after: 0, class: "ServerError" } };
  const healthy: ModelStore = { name: "b", location: { key: "two", referrers: [signed] } };
  const other: ModelStore = { name: "a", location: { key: "one", referrers: [unsigned] } };

  test("is never an inconclusive verdict: the location comes back, and the next one is right", async () => {
    const clock = new ManualClock();
    const deps = { ...newDeps(clock), verdicts: new VerdictCache({ clock }) };
    assert.equal((await verifyImage(request(view([other, broken])), deps, unaborted)).verdict.outcome, "inconclusive");
    assert.equal((await verifyImage(request(view([other, healthy])), deps, unaborted)).verdict.outcome, "allow");
  });

  test("is not a deny that was reached past the failure of an Optional store", async () => {
    const clock = new ManualClock();
    const deps = { ...newDeps(clock), verdicts: new VerdictCache({ clock }) };
    const first = await verifyImage(request(view([other, { ...broken, evidence: "Optional" }])), deps, unaborted);
    assert.deepEqual([first.verdict.outcome, first.complete], ["deny", false]);
    assert.equal(
      (await verifyImage(request(view([other, { ...healthy, evidence: "Optional" }])), deps, unaborted)).verdict.outcome,
      "allow",
    );
  });

  test("is an allow for ten minutes and a complete deny for thirty seconds, to the caller's own name of the image", async () => {
    for (const [model, outcome, lifeMs] of [
      [healthy, "allow", 600_000],
      [other, "deny", 30_000],
    ] as const) {
      const clock = new ManualClock();
      const deps = { ...newDeps(clock), verdicts: new VerdictCache({ clock }) };
      const trace: Trace = [];
      const asked = request(view([model], atOnce, trace));
      await verifyImage(asked, deps, unaborted);
      const calls = trace.length;
      await clock.advance(lifeMs - 1);
      const again = await verifyImage({ ...asked, image: "by another name" }, deps, unaborted);
      assert.deepEqual([again.verdict.outcome, again.image, trace.length], [outcome, "by another name", calls]);
      await clock.advance(1);
      await verifyImage(asked, deps, unaborted);
      assert.ok(trace.length > calls);
    }
  });

  test("is nobody's verdict in another view", async () => {
    const clock = new ManualClock();
    const deps = { ...newDeps(clock), verdicts: new VerdictCache({ clock }) };
    await verifyImage(request(view([healthy])), deps, unaborted);
    const changed = request({ ...view([other]), revision: "r2" });
    assert.equal((await verifyImage(changed, deps, unaborted)).verdict.outcome, "deny");
  });

  test("is what a verifier found, but not that it could not find out", async () => {
    const flaky = modelVerifier("release");
    let isDown = true;
    const verifier = {
      ...flaky,
      verify: (...[input, signal]: Parameters<typeof flaky.verify>) =>
        isDown
          ? Promise.resolve({
              outcome: "inconclusive" as const,
              verifier: "release",
              artifact: input.artifact.descriptor.digest,
              cause: "down",
            })
          : flaky.verify(input, signal),
    };
    const deps = newDeps();
    const asked = request(viewOf([viewStore(healthy, atOnce)], [verifier]));
    assert.equal((await verifyImage(asked, deps, unaborted)).verdict.outcome, "inconclusive");
    isDown = false;
    assert.equal((await verifyImage(asked, deps, unaborted)).verdict.outcome, "allow");
    isDown = true;
    assert.equal((await verifyImage(asked, deps, unaborted)).verdict.outcome, "allow");
  });
});

test("a verifier that answers for another artifact, or in another's name, has found out nothing", async () => {
  for (const wrong of [{ artifact: digestOfArtifact(signed) }, { verifier: "other" }]) {
    const model = modelVerifier("release");
    const verifier = {
      ...model,
      verify: (...[input]: Parameters<typeof model.verify>) =>
        Promise.resolve({
          outcome: "verified" as const,
          verifier: "release",
          artifact: input.artifact.descriptor.digest,
          signers: [{ id: "alice", name: "alice" }],
          ...wrong,
        }),
    };
    const store: ModelStore = { name: "a", location: { key: "one", referrers: [unsigned] } };
    const { verdict } = await verifyImage(request(viewOf([viewStore(store, atOnce)], [verifier])), newDeps(), unaborted);
    assert.equal(verdict.outcome === "inconclusive" && verdict.code, "VerifierInconclusive");
  }
});

test("the end of the time is no deny, even if only an Optional store has not answered", async () => {
  const clock = new ManualClock();
  const stores: readonly ModelStore[] = [
    { name: "a", location: { key: "one", referrers: [unsigned] } },
    { name: "b", location: { key: "two", referrers: [] }, hangs: ["listReferrers"], evidence: "Optional", timeoutMs: 60_000 },
  ];
  const caller = new AbortController();
  const answer = verifyImage(request(view(stores)), newDeps(clock), caller.signal);
  await clock.advance(10);
  caller.abort(new DOMException("The door has to answer", "TimeoutError"));
  const { verdict } = await answer;
  assert.equal(verdict.outcome === "inconclusive" && verdict.code, "Timeout");
});
