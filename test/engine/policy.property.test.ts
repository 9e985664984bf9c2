import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { combine } from "../../src/engine/combine.ts";
import { ExpressionError, type ExpressionInput } from "../../src/api/expression.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import type { Report } from "../../src/engine/report.ts";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { ViewLeaf, ViewPolicy } from "../../src/engine/view.ts";
import { atOnce, type Gate, type ModelStore, newDeps, request, signatureType, subjectDigest, unaborted } from "./model.ts";
import type { World } from "./oracle.ts";
import { verifierNames, viewOfWorld, world } from "./worlds.ts";

/** What expressions say, by their text. Some say that something is *not* there: a failure that hides things must not make them true. */
const sayings: Readonly<Record<string, (input: ExpressionInput) => boolean>> = {
  some: ({ evidence }) => evidence.some(({ verified }) => verified),
  all: ({ evidence }) => evidence.every(({ verified }) => verified),
  none: ({ evidence }) => evidence.length === 0,
  noneRejected: ({ evidence }) => !evidence.some(({ reason }) => reason !== ""),
};
const expressions: Expressions = {
  evaluate: (text, input) => {
    const saying = sayings[text];
    if (saying === undefined) return Promise.reject(new ExpressionError("EXPRESSION_FAILED", "it fails"));
    return Promise.resolve(saying(input));
  },
};

const monotoneLeaf: fc.Arbitrary<ViewLeaf> = fc.record({
  type: fc.constant("verifier" as const),
  verifier: fc.constantFrom(...verifierNames, "missing"),
  atLeast: fc.constantFrom(1, 1, 2),
  count: fc.constantFrom("Signers" as const, "Artifacts" as const),
  every: fc.constant(false),
});
const anyLeaf: fc.Arbitrary<ViewLeaf> = fc.oneof(
  monotoneLeaf,
  monotoneLeaf.map((leaf) => ({ ...leaf, every: true })),
  fc.constantFrom(...Object.keys(sayings), "fails").map((expression) => ({ type: "expression", expression }) as const),
);
const policiesOf = (leaf: fc.Arbitrary<ViewLeaf>): fc.Arbitrary<readonly ViewPolicy[]> =>
  fc.array(
    fc.record({
      name: fc.constantFrom("Policy/a", "Policy/b", "Policy/c"),
      enforcement: fc.constantFrom("Enforce" as const, "Enforce" as const, "Warn" as const, "Audit" as const),
      onInconclusive: fc.constantFrom("Deny" as const, "Warn" as const, "Allow" as const),
      tags: fc.constant("Pin" as const),
      exceptions: fc.constantFrom([], [], [], [{ expirationTime: 1, reason: "ended" }]),
      require: fc.array(fc.record({ anyOf: fc.array(leaf, { minLength: 1, maxLength: 2 }) }), { minLength: 1, maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  );

/** Every verifier of the world, `missing` included, so that a policy may name any. */
function complete(model: World): World {
  return { ...model, verifiers: [...new Set([...model.verifiers, ...verifierNames])] };
}

async function verify(model: World, policies: readonly ViewPolicy[], gate: Gate = atOnce): Promise<Report> {
  const view = viewOfWorld(complete(model), { gate, policies });
  const missing = view.verifiers.some(({ name }) => name === "missing") ? [] : [{ name: "missing", isOutOfScope: true as const }];
  return await verifyImage(request({ ...view, verifiers: [...view.verifiers, ...missing] }), { ...newDeps(), expressions }, unaborted);
}

/** Time-boxed: on a slow machine fewer worlds are tried, and the seed is printed with a failure. */
const box: fc.Parameters<unknown> = { numRuns: 500, interruptAfterTimeLimit: 8_000 };
const policies = policiesOf(anyLeaf);

test("verifyImage() by policies: the order of stores, artifacts, verifiers, policies and results never matters", async () => {
  await fc.assert(
    fc.asyncProperty(world, policies, fc.scheduler(), fc.infiniteStream(fc.nat(99)), async (model, some, scheduler, ranks) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((item) => ({ item, rank: ranks.next().value ?? 0 }))
          .toSorted((x, y) => x.rank - y.rank)
          .map(({ item }) => item);
      const permuted = { ...model, stores: shuffled(model.stores), verifiers: shuffled(model.verifiers) };
      const gate: Gate = (label) => scheduler.schedule(Promise.resolve(), label);
      // Expressions are evaluated outside of the schedule: waitFor ends when the answer is there.
      const report = await scheduler.waitFor(verify(permuted, shuffled(some), gate));
      assert.equal(report.verdict.outcome, (await verify(model, some)).verdict.outcome);
    }),
    box,
  );
});

const everyLeaf: fc.Arbitrary<ViewLeaf> = fc
  .constantFrom(...verifierNames)
  .map((verifier) => ({ type: "verifier", verifier, atLeast: 1, count: "Signers", every: true }));
/** Healthy, most of it good: what is bad may be seen by an Optional Store alone. */
const healthy: fc.Arbitrary<World> = fc
  .array(fc.constantFrom("by alice" as const, "by alice" as const, "rejected" as const), { minLength: 2, maxLength: 2 })
  .map((judgements) => {
    const stores = judgements.map((judgement, id): ModelStore => {
      const artifact = { id, subject: subjectDigest, type: signatureType, judgements: { alpha: judgement, beta: judgement } };
      return { name: `s${id}`, location: { key: `l${id}`, referrers: [artifact] }, evidence: id === 0 ? "Required" : "Optional" };
    });
    return { stores, verifiers: ["alpha"], isVerifierMissing: false };
  });
for (const [kind, worlds, some] of [
  ["of any kind", world, policies],
  ["of `every`", healthy, policiesOf(everyLeaf)],
  [
    "of expressions",
    healthy,
    policiesOf(fc.constantFrom(...Object.keys(sayings)).map((expression) => ({ type: "expression", expression }) as const)),
  ],
] as const)
  test(`verifyImage() by policies ${kind}: making anything fail never allows what was denied or inconclusive`, async () => {
    await failing(worlds, some);
  });

async function failing(worlds: fc.Arbitrary<World>, generated: fc.Arbitrary<readonly ViewPolicy[]>): Promise<void> {
  const ways: readonly ((model: World, which: number) => World)[] = [
    ...(
      [
        { listingFails: { after: 0, class: "ConnectionRefused" } },
        { listingFails: { after: 1, class: "Timeout" } },
        { tagFails: "RateLimited" },
        { lies: true },
        { invalid: true },
      ] as const satisfies readonly Partial<ModelStore>[]
    ).map(
      (way) =>
        (model: World, which: number): World => ({
          ...model,
          stores: model.stores.map((store, at) => (at === which % model.stores.length ? { ...store, ...way } : store)),
        }),
    ),
    (model): World => ({ ...model, isVerifierMissing: true }),
  ];
  await fc.assert(
    fc.asyncProperty(worlds, generated, fc.nat(), fc.constantFrom(...ways), async (model, some, which, way) => {
      const before = await verify(model, some);
      const after = await verify(way(model, which), some);
      if (before.verdict.outcome !== "allow") assert.notEqual(after.verdict.outcome, "allow");
    }),
    { ...box, numRuns: 1_500 },
  );
}

test("verifyImage() by policies: more evidence never denies what `atLeast` allowed", async () => {
  await fc.assert(
    fc.asyncProperty(world, policiesOf(monotoneLeaf), fc.nat(), async (model, some, which) => {
      const donor = model.stores[which % model.stores.length];
      if (donor === undefined) return;
      const richer: ModelStore = { name: "richer", location: { ...donor.location, key: "a third place" } };
      const before = await verify(model, some);
      const after = await verify({ ...model, stores: [...model.stores, richer] }, some);
      if (before.verdict.outcome === "allow") assert.equal(after.verdict.outcome, "allow");
    }),
    box,
  );
});

test("verifyImage() by policies: stopping early says what waiting says", async () => {
  // Never decided, and moves nothing: everything is then waited for.
  const patience: ViewPolicy = {
    name: "Policy/patience",
    enforcement: "Audit",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [],
    problem: "is invalid",
  };
  await fc.assert(
    fc.asyncProperty(world, policies, async (model, some) => {
      const early = await verify(model, some);
      const late = await verify(model, [...some, patience]);
      assert.equal(early.verdict.outcome, late.verdict.outcome);
    }),
    box,
  );
});

test("combine() never allows what the cluster does not, whatever the namespace says", async () => {
  await fc.assert(
    fc.asyncProperty(world, policies, world, policies, async (model, some, theirs, others) => {
      const cluster = await verify(model, some);
      const tenant = await verify(theirs, others);
      const { outcome } = combine([cluster, tenant]).verdict;
      if (cluster.verdict.outcome !== "allow") assert.notEqual(outcome, "allow");
      if (tenant.verdict.outcome !== "allow") assert.notEqual(outcome, "allow");
      if (cluster.verdict.outcome === "allow" && tenant.verdict.outcome === "allow") assert.equal(outcome, "allow");
    }),
    box,
  );
});
