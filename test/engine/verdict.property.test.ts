import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { Report } from "../../src/engine/report.ts";
import { atOnce, type Gate, type ModelStore, newDeps, request, unaborted } from "./model.ts";
import { expectedOutcome, type World } from "./oracle.ts";
import { viewOfWorld, world } from "./worlds.ts";

async function verify(model: World, gate: Gate = atOnce): Promise<Report> {
  return await verifyImage(request(viewOfWorld(model, { gate })), newDeps(), unaborted);
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
