import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorClasses } from "../../src/api/error-class.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, malformed, type ModelArtifact, otherSubject } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { verify, wordOf } from "./verify.ts";

const artifacts: readonly ModelArtifact[] = [
  artifact(),
  artifact({ finding: "bad" }),
  artifact({ finding: "unclear" }),
  artifact({ finding: "throws" }),
  artifact({ finding: "layer", salt: 1 }),
  artifact({ names: otherSubject }),
  artifact({ names: null }),
  artifact({ listedType: null, salt: 2 }),
  artifact({ type: "application/vnd.junk" }),
  artifact({ listedSize: 1 << 30, salt: 3 }),
  malformed(),
  artifact({ names: null, salt: 4 }),
];
/** Under cosign's tag only: it names no subject. */
const onlyTagged = artifacts.length - 1;
/** What is listed where; by index, so that a counterexample can be read. The last has no store that works. */
const places = ["evidence.example/app", "mirror.example/app", "third.example/app"] as const;
const indexes = artifacts.map((_, at) => at);
/** What one location lists as a referrer and another by tag is evidence by the second's word alone, which a broken store may give: left out here. */
const content = fc.record({
  referrers: fc.subarray(
    indexes.filter((at) => at !== onlyTagged),
    { maxLength: 3 },
  ),
  tagged: fc.subarray([...indexes.slice(0, 5), onlyTagged], { maxLength: 1 }),
});
const evidence = fc.constantFrom("Required" as const, "Optional" as const);
const stores = fc.array(fc.record({ at: fc.nat(1), evidence }), { minLength: 1, maxLength: 3 });
const world = fc.record({ contents: fc.tuple(content, content, content), stores });
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** It gives nothing of what it lists; and lists nothing, or not to the end, or all. */
const how = fc.constantFrom(...errorClasses, "silence" as const, "defect" as const);
const broken = fc.record({
  fetch: how,
  listing: fc.oneof(how, fc.record({ cut: fc.constantFrom(...errorClasses), cutAfter: fc.nat(2) }), fc.constant("all" as const)),
  tag: fc.oneof(how, fc.constant("all" as const)),
});
type Broken = typeof broken extends fc.Arbitrary<infer B> ? B : never;

function viewStore(name: string, { at, evidence: kind }: World["stores"][number], { contents }: World, fault?: Broken): ViewStore {
  const pick = (chosen: readonly number[] = []): readonly ModelArtifact[] => chosen.flatMap((index) => artifacts[index] ?? []);
  const referrers = pick(contents[at]?.referrers);
  const tagged = pick(contents[at]?.tagged);
  const location = places[at] ?? "";
  const script: Script =
    fault === undefined
      ? { referrers, tagged }
      : {
          fetch: fault.fetch,
          referrers: typeof fault.listing === "string" && fault.listing !== "all" ? fault.listing : referrers,
          ...(typeof fault.listing === "object" && fault.listing),
          tagged: fault.tag === "all" ? tagged : fault.tag,
        };
  return entry(modelStore(name, { location, ...script }), { evidence: kind });
}

function build(model: World, which?: number, fault?: Broken): readonly ViewStore[] {
  return model.stores.map((store, at) => viewStore(`m${at}`, store, model, at === which ? fault : undefined));
}

/** To the end: whoever is silent is silent past every timeout. */
async function wordAtEnd(list: readonly ViewStore[]): Promise<string> {
  const clock = new ManualClock();
  const report = verify(list, { clock });
  await clock.advance(30_000);
  assert.equal(clock.pending, 0);
  return wordOf(await report);
}

/** Time-boxed: on a slow machine fewer are tried, and the seed is printed with a failure. */
const box: fc.Parameters<unknown> = { numRuns: 200, interruptAfterTimeLimit: 6_000 };

test("verifyImage() allows exactly what it allowed, whatever broken store is added anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(world, broken, fc.constantFrom("a", "z"), fc.nat(2), evidence, async (model, fault, name, at, kind) => {
      const before = await wordAtEnd(build(model));
      const added = viewStore(name, { at, evidence: kind }, model, fault);
      const after = await wordAtEnd([...build(model), added]);
      assert.equal(after === "allow", before === "allow", `${before} became ${after}`);
    }),
    box,
  );
});

test("verifyImage() never allows, where it did not, because a store that works breaks", async () => {
  await fc.assert(
    fc.asyncProperty(world, broken, fc.nat(), async (model, fault, which) => {
      const before = await wordAtEnd(build(model));
      if (before !== "allow") assert.notEqual(await wordAtEnd(build(model, which % model.stores.length, fault)), "allow", before);
    }),
    box,
  );
});
