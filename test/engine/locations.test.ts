import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupByLocation, isReader, type Reader } from "../../src/engine/locations.ts";
import { type EntryOptions, entry, modelStore, repository, type Script } from "./model-store.ts";

const image = repository("registry.example/app");

function reader(name: string, script: Script = {}, options: EntryOptions = {}): Reader {
  const made = entry(modelStore(name, script), options);
  return isReader(made) ? made : assert.fail();
}

/** `key: a b (c as a) Required`, one for each group. */
function groups(readers: readonly Reader[], lastGood: Readonly<Record<string, string>> = {}): readonly string[] {
  const memory = new Map(Object.entries(lastGood));
  return groupByLocation(readers, image, memory).map(({ location, readers: asked, twins, required }) => {
    const others = [...twins].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, twin]) => ` (${name} as ${twin})`);
    return `${location.key}: ${asked.map(({ name }) => name).join(" ")}${others.join("")} ${required ? "Required" : "Optional"}`;
  });
}

describe("groupByLocation()", () => {
  const optional = { evidence: "Optional" } as const;
  const same = { identity: "anonymous" };
  const rows: readonly (readonly [string, readonly Reader[], Readonly<Record<string, string>>, readonly string[]])[] = [
    ["makes one of two stores that read the same location", [reader("b"), reader("a")], {}, ["evidence.example/app: a b Required"]],
    [
      "asks the one that listed last first",
      [reader("a"), reader("b")],
      { "evidence.example/app": "b" },
      ["evidence.example/app: b a Required"],
    ],
    [
      "forgets a store that is no more",
      [reader("a"), reader("b")],
      { "evidence.example/app": "z" },
      ["evidence.example/app: a b Required"],
    ],
    [
      "does not take one location's memory for another's",
      [reader("a"), reader("b")],
      { other: "b" },
      ["evidence.example/app: a b Required"],
    ],
    [
      "keeps other locations apart, in order of their keys",
      [reader("a", { location: "z" }), reader("b", { location: "y" })],
      {},
      ["y: b Required", "z: a Required"],
    ],
    ["is required if any of its stores is", [reader("a", {}, optional), reader("b")], {}, ["evidence.example/app: a b Required"]],
    [
      "is optional if all of its stores are",
      [reader("a", {}, optional), reader("b", {}, optional)],
      {},
      ["evidence.example/app: a b Optional"],
    ],
    [
      "is required by a twin that is not asked itself",
      [reader("a", same, optional), reader("b", same)],
      {},
      ["evidence.example/app: a (b as a) Required"],
    ],
    [
      "asks one of those that would send the same",
      [reader("b", same), reader("a", same), reader("c")],
      {},
      ["evidence.example/app: a c (b as a) Required"],
    ],
    [
      "asks the one of them that has most time",
      [reader("a", same), reader("b", same, { timeoutMs: 5000 })],
      {},
      ["evidence.example/app: b (a as b) Required"],
    ],
    [
      "asks the one of them that has the highest limit",
      [reader("a", same), reader("b", same, { limits: { artifacts: 100, blobBytes: 1 } })],
      {},
      ["evidence.example/app: b (a as b) Required"],
    ],
    [
      "does not take stores of other locations for twins",
      [reader("a", { ...same, location: "y" }), reader("b", { ...same, location: "z" })],
      {},
      ["y: a Required", "z: b Required"],
    ],
    ["has none of nobody", [], {}, []],
  ];
  for (const [sentence, readers, lastGood, expected] of rows) {
    it(`${sentence}, in any order`, () => {
      assert.deepEqual(groups(readers, lastGood), expected);
      assert.deepEqual(groups(readers.toReversed(), lastGood), expected);
    });
  }
});
