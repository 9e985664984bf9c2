import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ImageResolution, resolveImage } from "../../src/engine/resolve-image.ts";
import type { View, ViewStore } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { otherSubject, subject } from "./model-artifact.ts";
import { entry, modelStore, type Script } from "./model-store.ts";
import { digestImage, reference } from "./verify.ts";

const tagged = { tags: { v1: subject } } as const;
const mirrored = { target: "mirror.example/app" } as const;
const store = (name: string, script: Script = {}): ViewStore => entry(modelStore(name, script));
const { store: _, ...invalid } = entry(modelStore("invalid"), { problem: { class: "Internal", message: "it is invalid" } });

interface Ask {
  readonly image?: string;
  readonly signal?: AbortSignal;
}

function resolve(stores: readonly ViewStore[], { image = "registry.example/app:v1", signal = new AbortController().signal }: Ask = {}) {
  const view: View = { revision: "", stores, verifiers: [], policies: [] };
  const deps = { clock: new ManualClock(), memory: new Map<string, string>() };
  return resolveImage({ image, reference: reference(image), view }, deps, signal);
}

/** The outcome and its code, and each store's state: `b Failed (ServerError)`. */
function textOf({ outcome, code, digest, stores }: ImageResolution): string {
  const told = stores.map((one) => `${one.name} ${one.state}${one.failure === undefined ? "" : ` (${one.failure.class})`}`);
  const which = digest === undefined ? "" : digest === subject ? " it" : " another";
  return [`${outcome}${which}${code === undefined ? "" : ` ${code}`}`, ...told].join(", ");
}

describe("resolveImage()", () => {
  const rows: readonly (readonly [string, readonly ViewStore[], string])[] = [
    ["says who resolved a tag", [store("a", tagged)], "resolved it, a Resolved"],
    ["says who was not needed", [store("a", tagged), store("b", tagged)], "resolved it, a Resolved, b CoveredByOther"],
    [
      "says who failed before another answered, and sorts by name",
      [store("b", tagged), store("a", { resolve: "AuthenticationFailed" })],
      "resolved it, a Failed (AuthenticationFailed), b Resolved",
    ],
    ["asks every repository", [store("a", tagged), store("b", { ...tagged, ...mirrored })], "resolved it, a Resolved, b Resolved"],
    [
      "does not guess between two digests",
      [store("a", tagged), store("b", { tags: { v1: otherSubject }, ...mirrored })],
      "inconclusive TagAmbiguous, a Resolved, b Resolved",
    ],
    [
      "does not take one repository's word where another is silent",
      [store("a", tagged), store("b", { resolve: "ServerError", ...mirrored })],
      "inconclusive SubjectUnresolved, a Resolved, b Failed (ServerError)",
    ],
    [
      "finds nothing where every repository says so",
      [store("a"), store("b", mirrored)],
      "not-found, a NotFound (NotFound), b NotFound (NotFound)",
    ],
    ["never asks a layout", [store("a", tagged), store("layout", { target: "layout" })], "resolved it, a Resolved, layout NotAsked"],
    [
      "is in doubt where only a layout could say something",
      [store("layout", { target: "layout" })],
      "inconclusive SubjectUnresolved, layout NotAsked",
    ],
    [
      "is in doubt where a Store is invalid",
      [store("a", tagged), invalid],
      "inconclusive SubjectUnresolved, a Resolved, invalid Failed (Internal)",
    ],
    ["is in doubt where there is nobody to ask", [], "inconclusive NoStore"],
  ];
  for (const [what, stores, expected] of rows) it(what, async () => assert.equal(textOf(await resolve(stores)), expected));

  it("calls a Store of a namespace by its kind", async () => {
    const { summary } = await resolve([store("a", tagged), store("team-a/b", { tags: { v1: otherSubject }, ...mirrored })]);
    assert.match(summary, /by Store\/a, .* by NamespacedStore\/team-a\/b/);
  });

  it("takes a digest for what it is, and asks nobody", async () => {
    const asked = modelStore("a", tagged);
    assert.equal(textOf(await resolve([entry(asked)], { image: digestImage })), "resolved it, a NotAsked");
    assert.deepEqual(asked.calls, []);
    assert.equal(textOf(await resolve([], { image: digestImage })), "resolved it");
  });

  it("answers at once when it is stopped", async () => {
    const stopped = await resolve([store("a", { resolve: "silence" })], {
      signal: AbortSignal.abort(new DOMException("Enough", "AbortError")),
    });
    assert.match(textOf(stopped), /^inconclusive Timeout, a /);
  });

  it("says in one sentence what a tag stands for, and why it stands for nothing", async () => {
    const sentences = await Promise.all(
      [[store("a", tagged)], [store("a", tagged), store("b", { ...tagged, ...mirrored })], []].map(
        async (stores) => (await resolve(stores)).summary,
      ),
    );
    assert.deepEqual(sentences, [
      `registry.example/app:v1 is ${subject}, as a says`,
      `registry.example/app:v1 is ${subject}, as a, b say`,
      "no Store has scopes that match registry.example/app",
    ]);
  });
});
