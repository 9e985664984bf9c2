import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Budget } from "../../src/engine/budget.ts";
import { resolveSubject, type Subject } from "../../src/engine/subject.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { otherSubject, subject } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { digestImage, reference } from "./verify.ts";

const tagged = { tags: { v1: subject } } as const;
const mirrored = { target: "mirror.example/app" } as const;

function store(name: string, script: Script = {}): ViewStore {
  return entry(modelStore(name, script));
}

interface Ask {
  readonly image?: string;
  readonly memory?: Map<string, string>;
  readonly clock?: ManualClock;
  readonly signal?: AbortSignal;
}

function resolve(stores: readonly ViewStore[], ask: Ask = {}): Promise<Subject> {
  const { image = "registry.example/app:v1", memory = new Map<string, string>(), clock = new ManualClock() } = ask;
  const deps = { clock, budget: new Budget(clock, 30_000), hedgeMs: 250, memory };
  return resolveSubject(reference(image), stores, deps, ask.signal ?? new AbortController().signal);
}

/** The outcome, the digest where there is one, and the class of each failure. */
function textOf(found: Subject): string {
  const failures = [...found.failures].map(([name, failure]) => `${name} ${failure.class}`).toSorted((a, b) => (a < b ? -1 : 1));
  const digest = found.outcome === "resolved" ? (found.digest === subject ? "it" : "another") : "";
  return [found.outcome, digest, ...failures].filter((text) => text !== "").join(", ");
}

describe("resolveSubject()", () => {
  const { store: _, ...invalid } = entry(modelStore("z"), { problem: { class: "Internal", message: "invalid" } });
  const rows: readonly (readonly [string, readonly ViewStore[], string])[] = [
    ["is what the one registry says", [store("a", tagged)], "resolved, it"],
    [
      "is what an alternative says where one fails",
      [store("a", { resolve: "AuthenticationFailed" }), store("b", tagged)],
      "resolved, it, a AuthenticationFailed",
    ],
    ["is what an alternative says where one does not find it", [store("a"), store("b", tagged)], "resolved, it, a NotFound"],
    ["is what two repositories agree on", [store("a", tagged), store("b", { ...tagged, ...mirrored })], "resolved, it"],
    ["is ambiguous where they do not", [store("a", tagged), store("b", { tags: { v1: otherSubject }, ...mirrored })], "ambiguous"],
    ["is what one repository says where another has no such tag", [store("a", tagged), store("b", mirrored)], "resolved, it, b NotFound"],
    [
      "is unresolved where another repository does not answer: it may mean another image there",
      [store("a", tagged), store("b", { resolve: "ServerError", ...mirrored })],
      "unresolved, b ServerError",
    ],
    [
      "is unresolved where another repository is not shown: that is no answer",
      [store("a", tagged), store("b", { resolve: "hidden", ...mirrored })],
      "unresolved, b NotFound",
    ],
    ["is unresolved where the one repository is not shown", [store("a", { resolve: "hidden" })], "unresolved, a NotFound"],
    [
      "is what an alternative says where one is not shown it",
      [store("a", { resolve: "hidden" }), store("b", tagged)],
      "resolved, it, a NotFound",
    ],
    [
      "is ambiguous where one in plain HTTP says otherwise: it is no alternative",
      [store("a", { ...tagged }), store("b", { tags: { v1: otherSubject }, authority: "http" })],
      "ambiguous",
    ],
    [
      "is unresolved where only the one in plain HTTP answers: it cannot answer for the other",
      [store("a", { resolve: "TLSFailure" }), store("b", { ...tagged, authority: "http" })],
      "unresolved, a TLSFailure",
    ],
    [
      "is what stores with roots of trust of their own agree on",
      [store("a", { ...tagged }), store("b", { ...tagged, authority: "https by acme-ca" })],
      "resolved, it",
    ],
    ["is not found where every repository says so", [store("a"), store("b", mirrored)], "not-found, a NotFound, b NotFound"],
    [
      "is unresolved where one says so and an alternative is refused: that may be all it is let see",
      [store("a"), store("b", { resolve: "AuthorizationDenied" })],
      "unresolved, a NotFound, b AuthorizationDenied",
    ],
    ["is unresolved by a layout, which is not asked", [store("a", { target: "layout", ...tagged, resolve: "defect" })], "unresolved"],
    ["is unresolved by nobody", [], "unresolved"],
    [
      "is unresolved beside a required store that is invalid: where it would look is unknown",
      [store("a", tagged), invalid],
      "unresolved, z Internal",
    ],
    [
      "is unresolved beside an optional store that is invalid as well: while it was valid, it may have stood for another image",
      [store("a", tagged), { ...invalid, evidence: "Optional" }],
      "unresolved, z Internal",
    ],
    ["takes what the port does not allow for a failure", [store("a", { resolve: "defect" })], "unresolved, a Internal"],
  ];
  for (const [sentence, stores, text] of rows) {
    it(`of a tag ${sentence}, in any order`, async () => {
      assert.equal(textOf(await resolve(stores)), text);
      assert.equal(textOf(await resolve(stores.toReversed())), text);
    });
  }

  it("of a digest is the digest, and nobody is asked, whatever tag stands beside it", async () => {
    for (const image of [digestImage, `registry.example/app:v1@${subject}`]) {
      const model = modelStore("a", { resolve: "defect" });
      assert.equal(textOf(await resolve([entry(model)], { image })), "resolved, it");
      assert.deepEqual(model.calls, []);
    }
  });

  it("of neither tag nor digest asks for latest", async () => {
    const model = modelStore("a", { tags: { latest: subject } });
    assert.equal(textOf(await resolve([entry(model)], { image: "registry.example/app" })), "resolved, it");
    assert.deepEqual(model.calls, ["resolve latest"]);
  });

  it("asks the store that resolved last first, so that a useless credential costs nothing", async () => {
    const memory = new Map<string, string>();
    const useless = modelStore("a", { resolve: "AuthenticationFailed" });
    for (const _ of [1, 2, 3]) assert.match(textOf(await resolve([entry(useless), store("b", tagged)], { memory })), /^resolved, it/);
    assert.deepEqual(useless.calls, ["resolve v1"]);
  });

  it("asks an alternative beside a slow one after 250 ms", async () => {
    const clock = new ManualClock();
    const found = resolve([store("a", { resolve: "silence" }), store("b", tagged)], { clock });
    await clock.advance(250);
    assert.deepEqual([textOf(await found), clock.pending], ["resolved, it", 0]);
  });

  it("is unresolved by a store that is silent past its slice", async () => {
    const clock = new ManualClock();
    const found = resolve([store("a", { resolve: "silence" })], { clock });
    await clock.advance(2000);
    assert.deepEqual([textOf(await found), clock.pending], ["unresolved, a Timeout", 0]);
  });

  it("is unresolved, and not absent, when the caller leaves before all have answered", async () => {
    const caller = new AbortController();
    const clock = new ManualClock();
    const found = resolve([store("a"), store("b", { resolve: "silence" })], { clock, signal: caller.signal });
    await clock.settle();
    caller.abort(new DOMException("gone", "AbortError"));
    assert.equal((await found).outcome, "unresolved");
  });
});
