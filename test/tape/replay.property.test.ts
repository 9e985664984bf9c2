import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../support/clock.ts";
import { make, play, tapeOf, unaborted } from "./play.ts";
import { expressionsAfter, realmsOf, verifierNamed, type Wait, world } from "./worlds.ts";

/** Time-boxed: on a slow machine fewer worlds are tried, and the seed is printed with a failure. */
const box: fc.Parameters<unknown> = { numRuns: 200, interruptAfterTimeLimit: 10_000 };

/** Milliseconds before an answer; around what the engine waits for itself (a second Store is asked after 250). */
const delays = fc.infiniteStream(fc.constantFrom(0, 0, 0, 0, 1, 1, 5, 5, 50, 100, 249, 250, 251, 3000));
const hops = fc.infiniteStream(fc.constantFrom(0, 1, 2, 7));

const waiting =
  (clock: ManualClock, ms: Iterator<number>): Wait =>
  async () => {
    const next = Number(ms.next().value ?? 0);
    if (next > 0) await clock.sleep(next, unaborted);
  };
const hopping =
  (turns: Iterator<number>): Wait =>
  async () => {
    for (let left = Number(turns.next().value ?? 0); left > 0; left -= 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };

test("replay() gives the report that record() gave, to the last time in it, whatever failed, hung or was late", async () => {
  await fc.assert(
    fc.asyncProperty(world, delays, hops, async (model, ms, turns) => {
      const clock = new ManualClock();
      const wait = waiting(clock, ms);
      const recording = await make({ image: model.image, realms: realmsOf(model, wait), clock, expressions: expressionsAfter(wait) });
      const tape = tapeOf(recording);
      const hop = hopping(turns);
      const { report, differences } = await play(tape, {
        verifier: (name) => verifierNamed(name, hop),
        expressions: expressionsAfter(hop),
      });
      assert.deepEqual(report, recording.report);
      assert.deepEqual(differences, []);
    }),
    box,
  );
});
