import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { discoverArtifacts } from "../../src/engine/discover.ts";
import type { DiscoveredArtifact, Discovery } from "../../src/engine/discovery.ts";
import type { View, ViewStore } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact, subject } from "./model-artifact.ts";
import { entry, type EntryOptions, modelStore, type Script } from "./model-store.ts";
import { digestImage, reference } from "./verify.ts";

const sbom = artifact({ type: "application/spdx+json", salt: "sbom" });
const signature = artifact({ salt: "signature" });
const tagged = artifact({ salt: "tagged", names: null });
const onSbom = artifact({ salt: "on the sbom", names: sbom.descriptor.digest });
const deepest = artifact({ salt: "on that", names: onSbom.descriptor.digest });
const names = new Map(
  [sbom, signature, tagged, onSbom, deepest].map((one, at) => [
    one.descriptor.digest,
    ["sbom", "signature", "tagged", "onSbom", "deepest"][at],
  ]),
);

const store = (name: string, script: Script = {}, options: EntryOptions = {}): ViewStore =>
  entry(modelStore(name, { location: `${name}.example`, ...script }), options);
/** What hangs on what; nothing hangs on the rest. */
const on = (...pairs: readonly (readonly [ModelArtifact, readonly ModelArtifact[]])[]): NonNullable<Script["referrersOf"]> => ({
  ...Object.fromEntries([sbom, signature, tagged, onSbom, deepest].map(({ descriptor }) => [descriptor.digest, []])),
  ...Object.fromEntries(pairs.map(([{ descriptor }, list]) => [descriptor.digest, list])),
});

interface Ask {
  readonly image?: string;
  readonly clock?: ManualClock;
  readonly signal?: AbortSignal;
}
function discover(stores: readonly ViewStore[], ask: Ask = {}): Promise<Discovery> {
  const { image = digestImage, clock = new ManualClock(), signal = new AbortController().signal } = ask;
  const view: View = { revision: "", stores, verifiers: [], policies: [] };
  return discoverArtifacts({ image, reference: reference(image), view }, { clock, memory: new Map<string, string>() }, signal);
}

/** `sbom@a,b(onSbom@a)`: each artifact with who holds it and what hangs on it. */
function textOf(artifacts: readonly DiscoveredArtifact[]): string {
  return artifacts
    .map(({ digest, heldBy, referrers, unlisted, isTagged }) => {
      const below = referrers.length === 0 ? "" : `(${textOf(referrers)})`;
      return `${names.get(digest) ?? "?"}${isTagged ? "*" : ""}@${heldBy.join(",")}${below}${unlisted === undefined ? "" : ` ${unlisted}`}`;
    })
    .join(" ");
}
const states = ({ stores }: Discovery): string =>
  stores.map(({ name, state, failures }) => `${name} ${state}${failures.map((failure) => ` ${failure.class}`).join("")}`).join(", ");

describe("discoverArtifacts()", () => {
  const all = { referrers: [signature, sbom], tagged: [tagged], referrersOf: on([sbom, [onSbom]], [onSbom, [deepest]]) };
  const rows: readonly (readonly [what: string, stores: readonly ViewStore[], outcome: string, artifacts: string, states: string])[] = [
    [
      "follows referrers of referrers, and sorts by type",
      [store("a", all)],
      "complete",
      "sbom@a(onSbom@a(deepest@a BeyondDepth)) tagged*@a signature@a",
      "a Complete",
    ],
    [
      "goes no deeper than the Store allows",
      [store("a", all, { limits: { depth: 1 } })],
      "complete",
      "sbom@a BeyondDepth tagged*@a BeyondDepth signature@a BeyondDepth",
      "a Complete",
    ],
    [
      "merges what several Stores name",
      [
        store("a", { referrers: [signature], referrersOf: on() }),
        store("b", { referrers: [sbom, signature], referrersOf: on([sbom, [onSbom]]) }),
      ],
      "complete",
      "sbom@b(onSbom@b) signature@a,b",
      "a Complete, b Complete",
    ],
    [
      "keeps what one Store says beside another's failure",
      [
        store("a", { referrers: "AuthenticationFailed", tagged: "AuthenticationFailed" }),
        store("b", { referrers: [signature], referrersOf: on() }),
      ],
      "partial",
      "signature@b",
      "a Failed AuthenticationFailed, b Complete",
    ],
    [
      "is complete where another Store of the location listed it, and still says who failed",
      [
        store("a", { referrers: "AuthenticationFailed", tagged: "AuthenticationFailed", location: "one.example" }),
        store("b", { referrers: [signature], referrersOf: on(), location: "one.example" }),
      ],
      "complete",
      "signature@b",
      "a Failed AuthenticationFailed, b Complete",
    ],
    [
      "asks once where two Stores would send the same",
      [
        store("a", { referrers: [signature], referrersOf: on(), location: "one.example", identity: "same" }),
        store("b", { referrers: "defect", location: "one.example", identity: "same" }),
      ],
      "complete",
      "signature@a,b",
      "a Complete, b ListedByOther",
    ],
    [
      "lists cosign's tag where the referrers fail",
      [store("a", { referrers: "ServerError", tagged: [tagged], referrersOf: on() })],
      "partial",
      "tagged*@a",
      "a Failed ServerError",
    ],
    [
      "keeps what was listed before the list broke",
      [store("a", { referrers: [sbom, signature], cutAfter: 1, cut: "ConnectionReset", referrersOf: on() })],
      "partial",
      "sbom@a",
      "a Failed ConnectionReset",
    ],
    [
      "does not follow a Store in a circle",
      [store("a", { referrers: [sbom], referrersOf: on([sbom, [onSbom]], [onSbom, [sbom, onSbom]]) })],
      "complete",
      "sbom@a(onSbom@a(sbom@a ListedElsewhere onSbom@a ListedElsewhere))",
      "a Complete",
    ],
    ["finds nothing where nothing is", [store("a")], "complete", "", "a Complete"],
    ["calls a defect of a Store Internal", [store("a", { referrers: "defect", tagged: [] })], "partial", "", "a Failed Internal"],
  ];
  for (const [what, stores, outcome, artifacts, told] of rows) {
    it(what, async () => {
      const found = await discover(stores);
      assert.deepEqual([found.outcome, textOf(found.artifacts), states(found)], [outcome, artifacts, told]);
    });
  }

  it("says what the listing says of an artifact, and nothing where it does not", async () => {
    const untyped = artifact({ salt: "untyped", listedType: null });
    const { artifacts } = await discover([store("a", { referrers: [untyped], referrersOf: { [untyped.descriptor.digest]: [] } })]);
    const { digest, mediaType, size } = untyped.descriptor;
    assert.deepEqual(artifacts, [{ digest, mediaType, size, isTagged: false, heldBy: ["a"], referrers: [] }]);
  });

  it("resolves a tag, and says why it cannot", async () => {
    const image = "registry.example/app:v1";
    const resolved = await discover([store("a", { tags: { v1: subject }, referrers: [signature], referrersOf: on() })], { image });
    assert.deepEqual([resolved.digest, textOf(resolved.artifacts)], [subject, "signature@a"]);
    const missing = await discover([store("a")], { image });
    assert.deepEqual([missing.outcome, states(missing)], ["not-found", "a NotFound NotFound"]);
    const silent = await discover([store("a", { resolve: "ServerError" })], { image });
    assert.deepEqual([silent.outcome, silent.code, states(silent)], ["inconclusive", "SubjectUnresolved", "a Failed ServerError"]);
  });

  it("has nobody to ask where no Store matches", async () => {
    const { outcome, code, digest } = await discover([]);
    assert.deepEqual({ outcome, code, digest }, { outcome: "inconclusive", code: "NoStore", digest: subject });
  });

  it("is partial beside an invalid Store", async () => {
    const { store: _, ...invalid } = entry(modelStore("z"), { problem: { class: "Internal", message: "it is invalid" } });
    const found = await discover([store("a"), invalid]);
    assert.deepEqual([found.outcome, states(found)], ["partial", "a Complete, z Failed Internal"]);
  });

  it("gives a silent Store its own time only", async () => {
    const clock = new ManualClock();
    const running = discover(
      [store("a", { referrers: "silence", referrersOf: on() }), store("b", { referrers: [signature], referrersOf: on() })],
      { clock },
    );
    await clock.settle();
    await clock.advance(2000);
    const found = await running;
    assert.deepEqual([found.outcome, textOf(found.artifacts), states(found)], ["partial", "signature@b", "a Failed Timeout, b Complete"]);
  });

  it("answers at once when it is stopped, with what it knows", async () => {
    const stop = new AbortController();
    const running = discover([store("a", { referrers: "silence" }), store("b", { referrers: [signature] })], { signal: stop.signal });
    await new ManualClock().settle();
    stop.abort(new DOMException("Enough", "AbortError"));
    const found = await running;
    assert.equal(found.outcome, "partial");
    assert.match(found.summary, /the time was up/);
    const before = await discover([store("a")], { signal: AbortSignal.abort(new DOMException("Enough", "AbortError")) });
    assert.deepEqual([before.outcome, states(before)], ["partial", "a NotAwaited"]);
  });

  it("shows a thousand artifacts of a Store and no more", async () => {
    const many = Array.from({ length: 1200 }, (_, salt) => artifact({ salt }));
    const found = await discover([
      store(
        "a",
        { referrers: many, referrersOf: Object.fromEntries(many.map(({ descriptor }) => [descriptor.digest, []])) },
        { limits: { depth: 1 } },
      ),
    ]);
    assert.deepEqual([found.outcome, found.artifacts.length, states(found)], ["partial", 1000, "a Failed LimitExceeded"]);
  });

  for (const [name, called] of [
    ["a", "Store/a"],
    ["team-a/own", "NamespacedStore/team-a/own"],
  ] as const)
    it(`calls a Store that lists too much ${called}`, async () => {
      const many = Array.from({ length: 1001 }, (_, salt) => artifact({ salt }));
      const { stores } = await discover([store(name, { referrers: many }, { limits: { depth: 1 } })]);
      assert.equal(stores[0]?.failures[0]?.message, `${called} lists more than 1000 artifacts; the rest is not shown`);
    });

  it("does not depend on the order of Stores or of what they list, and never shows more than was listed", async () => {
    const pool = [sbom, signature, tagged, onSbom, deepest];
    const listing = fc.subarray(pool).chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));
    const script = fc.record({ referrers: listing, below: fc.tuple(listing, listing, listing, listing, listing) });
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: 1, maxLength: 3 }), async (scripts) => {
        const build = (turn: (list: readonly ModelArtifact[]) => readonly ModelArtifact[]): readonly ViewStore[] =>
          scripts.map(({ referrers, below }, at) =>
            store(`s${at}`, {
              referrers: turn(referrers),
              referrersOf: on(...pool.map((one, index) => [one, turn(below[index] ?? [])] as const)),
            }),
          );
        const [first, second] = await Promise.all([
          discover(build((list) => list)),
          discover(build((list) => list.toReversed()).toReversed()),
        ]);
        assert.deepEqual(second.artifacts, first.artifacts);
        const expanded = (list: readonly DiscoveredArtifact[]): readonly string[] =>
          list.flatMap(({ digest, referrers }) => (referrers.length > 0 ? [digest, ...expanded(referrers)] : []));
        const all = expanded(first.artifacts);
        assert.equal(new Set(all).size, all.length);
      }),
    );
  });
});
