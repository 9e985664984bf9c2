import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { Report } from "../../src/engine/report.ts";
import { builtInPolicy } from "../../src/engine/built-in.ts";
import type { View, ViewVerifier } from "../../src/engine/view.ts";
import {
  atOnce,
  type Gate,
  type ModelArtifact,
  type ModelLocation,
  type ModelStore,
  modelVerifier,
  newDeps,
  otherDigest,
  request,
  signatureType,
  subjectDigest,
  type Trace,
  unaborted,
  viewStore,
} from "./model.ts";
import { expectedOutcome, type World } from "./oracle.ts";

const verifierNames = ["alpha", "beta"] as const;
const judgement = fc.constantFrom("by alice" as const, "rejected" as const, "rejected" as const, "throws" as const);
const artifact = (id: number): fc.Arbitrary<ModelArtifact> =>
  fc.record({
    id: fc.constant(id),
    subject: fc.constantFrom(subjectDigest, subjectDigest, otherDigest, undefined),
    type: fc.constantFrom(signatureType, signatureType, signatureType, "application/vnd.test.other"),
    judgements: fc.record({ alpha: judgement, beta: judgement }),
  }) as fc.Arbitrary<ModelArtifact>;

/** A few artifacts, found in a few locations, which a few Stores read more or less well. */
const world: fc.Arbitrary<World> = fc
  .tuple(artifact(0), artifact(1), artifact(2))
  .chain((artifacts) => {
    const location = (key: string): fc.Arbitrary<ModelLocation> =>
      fc
        .record({ referrers: fc.subarray(artifacts), tagged: fc.option(fc.constantFrom(...artifacts), { nil: undefined, freq: 2 }) })
        .map(({ referrers, tagged }) => ({ key, referrers, ...(tagged !== undefined && { tagged }) }));
    return fc.tuple(location("one"), location("two"));
  })
  .chain((locations) => {
    const store = (name: string): fc.Arbitrary<ModelStore> =>
      fc
        .record({
          location: fc.constantFrom(...locations),
          evidence: fc.constantFrom("Required" as const, "Required" as const, "Optional" as const),
          listingFails: fc.option(fc.record({ after: fc.nat(2), class: fc.constant("AuthenticationFailed" as const) }), {
            nil: undefined,
            freq: 1,
          }),
          tagFails: fc.option(fc.constant("ServerError" as const), { nil: undefined, freq: 4 }),
          lies: fc.constantFrom(false, false, true),
          invalid: fc.constantFrom(false, false, false, false, false, true),
        })
        .map(({ listingFails, tagFails, ...rest }) => ({
          name,
          ...rest,
          ...(listingFails !== undefined && { listingFails }),
          ...(tagFails !== undefined && { tagFails }),
        }));
    return fc.record({
      stores: fc.tuple(store("a"), store("b"), store("c"), store("d")).chain((stores) => fc.subarray(stores, { minLength: 1 })),
      verifiers: fc.subarray([...verifierNames], { minLength: 1 }),
      isVerifierMissing: fc.constantFrom(false, false, false, true),
    });
  });

function viewOfWorld({ stores, verifiers, isVerifierMissing }: World, gate: Gate = atOnce, trace: Trace = []): View {
  const entries: readonly ViewVerifier[] = [
    ...verifiers.map((name) => ({ name, verifier: modelVerifier(name, gate, trace) })),
    ...(isVerifierMissing ? [{ name: "missing", problem: "KeyProvider/gone does not exist" }] : []),
  ];
  return {
    revision: "r1",
    stores: stores.map((store) => viewStore(store, gate, trace)),
    verifiers: entries,
    policies: [builtInPolicy(entries)],
  };
}

async function verify(model: World, gate: Gate = atOnce): Promise<Report> {
  return await verifyImage(request(viewOfWorld(model, gate)), newDeps(), unaborted);
}

/** Time-boxed: on a slow machine fewer worlds are tried, and the seed is printed with a failure. */
const box: fc.Parameters<unknown> = { numRuns: 400, interruptAfterTimeLimit: 6_000 };

test("verifyImage() says what design 6 says, in whatever order stores, artifacts and verifiers answer", async () => {
  await fc.assert(
    fc.asyncProperty(world, fc.scheduler(), fc.infiniteStream(fc.nat(99)), async (model, scheduler, ranks) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((item) => ({ item, rank: ranks.next().value ?? 0 }))
          .toSorted((x, y) => x.rank - y.rank)
          .map(({ item }) => item);
      const permuted = { ...model, stores: shuffled(model.stores), verifiers: shuffled(model.verifiers) };
      const report = await scheduler.waitFor(verify(permuted, (label) => scheduler.schedule(Promise.resolve(), label)));
      const plain = await verify(model);
      assert.equal(report.verdict.outcome, expectedOutcome(model));
      assert.equal(codeOf(report), codeOf(plain));
    }),
    box,
  );
});

test("verifyImage() never allows what it denied or could not decide because a store fails", async () => {
  const ways: readonly Partial<ModelStore>[] = [
    { listingFails: { after: 0, class: "ConnectionRefused" } },
    { listingFails: { after: 1, class: "Timeout" } },
    { tagFails: "RateLimited" },
    { lies: true },
    { invalid: true },
  ];
  await fc.assert(
    fc.asyncProperty(world, fc.nat(), fc.constantFrom(...ways), async (model, which, way) => {
      const before = await verify(model);
      const broken = {
        ...model,
        stores: model.stores.map((store, at) => (at === which % model.stores.length ? { ...store, ...way } : store)),
      };
      const after = await verify(broken);
      if (before.verdict.outcome !== "allow") assert.notEqual(after.verdict.outcome, "allow");
    }),
    box,
  );
});

test("verifyImage() says the same with a store of a useless credential beside a good one on the same location", async () => {
  await fc.assert(
    fc.asyncProperty(world, fc.constantFrom("0", "zz"), fc.nat(), async (model, name, which) => {
      const beside = model.stores[which % model.stores.length];
      if (beside === undefined || beside.invalid === true) return;
      const useless: ModelStore = {
        name,
        location: beside.location,
        evidence: "Optional",
        listingFails: { after: 0, class: "AuthenticationFailed" },
        tagFails: "AuthenticationFailed",
        lies: true,
      };
      const after = await verify({ ...model, stores: [...model.stores, useless] });
      assert.equal(after.verdict.outcome, (await verify(model)).verdict.outcome);
    }),
    box,
  );
});

test("verifyImage() reports complete exactly if nothing was left out or failed, and never denies on less with required stores alone", async () => {
  await fc.assert(
    fc.asyncProperty(world, async (model) => {
      const required = { ...model, stores: model.stores.map((store) => ({ ...store, evidence: "Required" as const })) };
      const report = await verify(required);
      if (report.verdict.outcome === "deny") assert.equal(report.complete, true);
      if (report.verdict.outcome === "inconclusive") assert.equal(report.complete, false);
    }),
    box,
  );
});

function codeOf({ verdict }: Report): string {
  return verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`;
}
