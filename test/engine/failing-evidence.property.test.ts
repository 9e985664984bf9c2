import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ErrorClass, errorClasses } from "../../src/api/error-class.ts";
import type { StoreLimits } from "../../src/api/store.ts";
import type { ExpressionInput } from "../../src/api/expression.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { ViewLeaf, ViewPolicy, ViewVerifier } from "../../src/engine/view.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact, signatureType } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { modelVerifier } from "./model-verifier.ts";
import { needs, policy, verify, wordOf } from "./verify.ts";

/** Evidence that counts only if somebody signed it: good and bad, and who signed which. */
const noteType = "application/vnd.model.note";
const notes = [
  artifact({ type: noteType, finding: "by its-author" }),
  artifact({ type: noteType, finding: "by its-author", salt: "another" }),
  artifact({ type: noteType, finding: "bad" }),
];
const signatures = notes.flatMap(({ descriptor: { digest } }) =>
  ["by alice", "by bob", "bad"].map((finding) => artifact({ names: digest, finding: finding as "bad" })),
);
const onImage = [artifact(), artifact({ finding: "by bob" }), artifact({ finding: "bad" })];
const everything = [...notes, ...signatures, ...onImage];

/** What a place lists, of the image and of each note, to every Store that reads it; by index, so that a counterexample can be read. */
const contents = fc.record({ ofImage: fc.subarray([0, 1, 2, 3, 4, 5]), ofNotes: fc.subarray(signatures.map((_, at) => at)) });
type Contents = typeof contents extends fc.Arbitrary<infer C> ? C : never;
const evidence = fc.constantFrom("Required" as const, "Optional" as const, "Optional" as const);
const stores = fc
  .tuple(evidence, evidence, fc.constantFrom<readonly number[]>([0], [0, 1], [0, 1], [1, 1]))
  .map(([first, second, at]) => at.map((place, nth) => ({ place, evidence: nth === 0 ? first : second })));
const world = fc.record({ places: fc.tuple(contents, contents), stores });
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** What may go wrong, of one Store or of a Verifier. */
interface Fault {
  readonly which: number;
  readonly script?: Script;
  readonly nested?: ErrorClass;
  readonly limits?: Partial<StoreLimits>;
  readonly invalid?: true;
  /** Artifacts about which Verifiers cannot find out. */
  readonly unclear?: readonly number[];
  /** A Verifier that is not ready, or gone. */
  readonly broken?: "release" | "notes";
  /** The caller leaves before anything is asked. */
  readonly hurry?: true;
}
const how = fc.constantFrom(...errorClasses, "silence" as const, "defect" as const);
const fault: fc.Arbitrary<Fault> = fc
  .tuple(
    fc.nat(2),
    fc.oneof(
      how.map((referrers) => ({ script: { referrers } })),
      how.map((tagged) => ({ script: { tagged } })),
      how.map((fetch) => ({ script: { fetch } })),
      fc.nat(2).map((cutAfter) => ({ script: { cutAfter } })),
      fc.constantFrom(...errorClasses).map((nested) => ({ nested })),
      fc
        .constantFrom({ artifacts: 1 }, { depth: 1 }, { depth: 1 }, { manifestBytes: 400 }, { totalBytes: 700 })
        .map((limits) => ({ limits })),
      fc.constant({ invalid: true as const }),
      fc
        .subarray(
          everything.map((_, at) => at),
          { minLength: 1 },
        )
        .map((unclear) => ({ unclear })),
      fc.constantFrom("release" as const, "notes" as const).map((broken) => ({ broken })),
      fc.constant({ hurry: true as const }),
    ),
  )
  .map(([which, rest]) => ({ which, ...rest }));

/** Some say that something is *not* there: what hides things must not make them true. */
const sayings: Readonly<Record<string, (input: ExpressionInput) => boolean>> = {
  noneRejected: ({ evidence }) => !evidence.some(({ reason }) => reason !== ""),
  noneUnsigned: ({ evidence }) => !evidence.some(({ reason }) => reason === "Unsigned"),
  noneByBob: ({ evidence }) => !evidence.some(({ signers }) => signers.some(({ name }) => name === "bob")),
  few: ({ evidence }) => evidence.length < 3,
  noBadNote: ({ evidence }) => !evidence.some(({ verifier, verified }) => verifier === "notes" && !verified),
  signedTwice: ({ evidence }) => evidence.some(({ signers }) => signers.length > 1),
};
const expressions: Expressions = { evaluate: async (text, input) => await Promise.resolve(sayings[text]?.(input) ?? false) };
const leaf: fc.Arbitrary<ViewLeaf> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("notes", "notes", "release"),
      fc.constantFrom(1, 2),
      fc.boolean(),
      fc.constantFrom("Signers" as const, "Artifacts" as const),
    )
    .map(([name, atLeast, every, count]) => needs(name, { atLeast, every, count })),
  fc.constantFrom(...Object.keys(sayings)).map((expression) => ({ type: "expression", expression }) as const),
);
const policies: fc.Arbitrary<readonly ViewPolicy[]> = fc
  .array(fc.array(leaf, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
  .map((all) => all.map((leaves, at) => policy(String(at), leaves)));

function scriptOf({ ofImage, ofNotes }: Contents, place: number): Script {
  const signed = ofNotes.flatMap((at): readonly ModelArtifact[] => signatures.slice(at, at + 1));
  const referrersOf = Object.fromEntries(
    notes.map(({ descriptor: { digest } }, at) => [digest, signed.filter((one) => Math.floor(signatures.indexOf(one) / 3) === at)]),
  );
  const referrers = ofImage.flatMap((at): readonly ModelArtifact[] => [...notes, ...onImage].slice(at, at + 1));
  return { location: `place${place}.example/app`, referrers, referrersOf, holds: everything };
}

function verifiersOf({ unclear = [], broken }: Partial<Fault>): readonly ViewVerifier[] {
  const hidden = new Set<Digest>(unclear.flatMap((at) => everything.slice(at, at + 1)).map(({ descriptor }) => descriptor.digest));
  const doubting = (verifier: Verifier): Verifier => ({
    ...verifier,
    verify: async (input, signal) => {
      const { digest } = input.artifact.descriptor;
      if (!hidden.has(digest)) return await verifier.verify(input, signal);
      return { outcome: "inconclusive", verifier: verifier.name, artifact: digest, cause: "the log did not answer" };
    },
  });
  const content: Verifier = { ...modelVerifier("notes", { types: [noteType], kind: "content" }), signedBy: ["release"] };
  const all = [doubting(content), doubting(modelVerifier("release", { types: [signatureType] }))];
  return all.map((verifier) =>
    verifier.name === broken ? { name: verifier.name, problem: "it is not ready" } : { name: verifier.name, verifier },
  );
}

async function wordFor(model: World, some: readonly ViewPolicy[], given: Partial<Fault> = {}): Promise<string> {
  const { which = 0, script, nested, limits, invalid, hurry } = given;
  const stores = model.stores.map(({ evidence, place }, at) => {
    const plain = scriptOf(model.places[place] ?? { ofImage: [], ofNotes: [] }, place);
    if (at !== which % model.stores.length) return entry(modelStore(`s${at}`, plain), { evidence });
    const closed = nested !== undefined && { referrersOf: Object.fromEntries(notes.map(({ descriptor }) => [descriptor.digest, nested])) };
    const failing = entry(modelStore(`s${at}`, { ...plain, ...script, ...closed }), { evidence, ...(limits !== undefined && { limits }) });
    if (invalid !== true) return failing;
    const { store: _, ...rest } = failing;
    return { ...rest, problem: { class: "Internal", message: "it is invalid" } as const };
  });
  const clock = new ManualClock();
  const signal = hurry === true ? AbortSignal.abort(new DOMException("enough", "AbortError")) : undefined;
  const report = verify(stores, {
    verifiers: verifiersOf(given),
    policies: some,
    expressions,
    clock,
    ...(signal !== undefined && { signal }),
  });
  // Whoever is silent is silent past every timeout; nobody else is waited for.
  if (Object.values(script ?? {}).includes("silence")) await clock.advance(30_000);
  return wordOf(await report);
}

async function failing(worlds: fc.Arbitrary<World>, some: typeof policies, faults: fc.Arbitrary<Fault>): Promise<void> {
  let allowed = 0;
  await fc.assert(
    fc.asyncProperty(worlds, some, faults, async (model, given, wrong) => {
      const before = await wordFor(model, given);
      const after = await wordFor(model, given, wrong);
      if (before === "allow") allowed += 1;
      else assert.notEqual(after, "allow", before);
    }),
    { numRuns: 1_500, interruptAfterTimeLimit: 6_000 },
  );
  assert.ok(allowed > 0, "nothing was ever allowed: the property says nothing");
}

test("verifyImage() never allows, where it did not, because of what goes wrong with evidence that has to be signed itself", async () => {
  await failing(world, policies, fault);
});

test("verifyImage() never allows, where it did not, because a Store does not show who signed the evidence", async () => {
  const ofImage = fc.constantFrom<number[]>([0], [0, 1]);
  const ofNotes = fc.subarray([0, 1, 3, 4]);
  const filled = fc.record({ ofImage, ofNotes });
  const worlds = fc.record({
    places: fc.tuple(filled, filled),
    stores: fc.constantFrom<World["stores"]>(
      [
        { place: 0, evidence: "Required" },
        { place: 1, evidence: "Optional" },
      ],
      [
        { place: 0, evidence: "Required" },
        { place: 1, evidence: "Required" },
      ],
    ),
  });
  const faults = fc
    .record({ which: fc.nat(1) })
    .chain(({ which }) =>
      fc.constantFrom<Fault>(
        { which, nested: "ServerError" },
        { which, nested: "AuthenticationFailed" },
        { which, limits: { depth: 1 } },
        { which, broken: "release" },
        { which, unclear: [3, 4] },
      ),
    );
  await failing(
    worlds,
    leaf.map((one) => [policy("p", [one])]),
    faults,
  );
});
