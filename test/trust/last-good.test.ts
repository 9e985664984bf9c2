import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { keepLastGood, type Reading } from "../../src/trust/last-good.ts";
import type { KeyProvider, TrustedKey } from "../../src/trust/ports.ts";
import { createSigningKey } from "../support/signer.ts";

const { publicKey, fingerprint } = createSigningKey("P-256");
const keyOf = (name: string): TrustedKey => ({ name, provider: "release-keys", key: publicKey, fingerprint, algorithm: "ECDSA P-256" });
const usable = (version: string, names: readonly string[], source = "uid"): Reading => ({
  outcome: "usable",
  source,
  version,
  keys: names.map(keyOf),
});
const unusable = (version: string, source = "uid"): Reading => ({ outcome: "unusable", source, version, problem: "Secret/x is empty" });
const gone: Reading = { outcome: "gone", problem: "Secret/x does not exist" };

/** The provider after all of these readings, by one spec. */
function after(readings: readonly Reading[], spec = "a/1"): KeyProvider {
  return readings.reduce<KeyProvider | undefined>((previous, reading) => step(reading, spec, previous), undefined) ?? { keys: () => [] };
}
function step(reading: Reading, spec: string, previous: KeyProvider | undefined): KeyProvider {
  return keepLastGood(reading, { spec, ...(previous !== undefined && { previous }) });
}
const brief = (provider: KeyProvider): readonly unknown[] => [
  provider.keys().map(({ name }) => name),
  provider.problem ?? provider.stale ?? "ready",
];

describe("keepLastGood()", () => {
  const stale = (version: string, since: string): string =>
    `The keys of version ${version} stay in use: since version ${since} Secret/x is empty`;
  const rows: readonly (readonly [what: string, readings: readonly Reading[], keys: readonly string[], says: string])[] = [
    ["gives the keys of a usable version", [usable("1", ["alice"])], ["alice"], "ready"],
    ["takes away at once what a usable version no longer has", [usable("1", ["alice", "bob"]), usable("2", ["bob"])], ["bob"], "ready"],
    ["gives nothing of a first version that is unusable", [unusable("1")], [], "Secret/x is empty"],
    ["keeps the last good keys while a version is unusable", [usable("1", ["alice"]), unusable("2")], ["alice"], stale("1", "2")],
    ["says since which version, however many follow", [usable("1", ["alice"]), unusable("2"), unusable("3")], ["alice"], stale("1", "2")],
    ["ends that with a usable version", [usable("1", ["alice"]), unusable("2"), usable("3", ["bob"])], ["bob"], "ready"],
    ["keeps the latest good ones, not the first", [usable("1", ["alice"]), usable("2", ["bob"]), unusable("3")], ["bob"], stale("2", "3")],
    ["gives nothing once the object is gone", [usable("1", ["alice"]), gone], [], "Secret/x does not exist"],
    ["gives nothing once it is gone while it was broken", [usable("1", ["alice"]), unusable("2"), gone], [], "Secret/x does not exist"],
    ["remembers nothing of before it was gone", [usable("1", ["alice"]), gone, unusable("3")], [], "Secret/x is empty"],
    ["keeps nothing of another object of the same name", [usable("1", ["alice"]), unusable("2", "other")], [], "Secret/x is empty"],
  ];
  for (const [what, readings, keys, says] of rows) it(what, () => assert.deepEqual(brief(after(readings)), [keys, says]));

  it("keeps nothing that another spec read", () => {
    const before = after([usable("1", ["alice"])]);
    assert.deepEqual(brief(step(unusable("2"), "a/2", before)), [[], "Secret/x is empty"]);
    const kept = step(unusable("2"), "a/1", before);
    assert.deepEqual(brief(step(unusable("2"), "a/2", kept)), [[], "Secret/x is empty"]);
    assert.equal(step(unusable("2"), "a/2", kept).lastGood, undefined);
  });

  it("says of an object that is gone that it is missing, and of nothing else", () => {
    assert.equal(after([gone]).isMissing, true);
    for (const reading of [usable("1", ["alice"]), unusable("1")]) assert.equal(after([reading]).isMissing, undefined);
  });
});

/** What happens to a KeyProvider and to what it reads; every step is compiled. */
type Step =
  | { readonly what: "write"; readonly keys: readonly string[] }
  | { readonly what: "break" | "delete" | "recreate" | "edit" | "restart" | "nothing" };
const steps = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant("write" as const), keys: fc.subarray(["alice", "bob", "carol"], { minLength: 1 }) }),
    fc.record({ what: fc.constantFrom("break", "break", "delete", "recreate", "edit", "restart", "nothing") }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 20 },
);
/** One moment: what the object held, read by which spec in which process. */
interface Moment {
  readonly era: string;
  readonly keys: readonly string[] | "broken" | "gone";
}

describe("keepLastGood(), whatever happens", () => {
  it("trusts a set that some usable version of the present object gave by the present spec, and none that a later usable one replaced", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const moments: Moment[] = [];
        let provider: KeyProvider | undefined;
        let [spec, uid, process, content] = [0, 0, 0, "gone" as Moment["keys"]];
        for (const [at, { what, ...rest }] of history.entries()) {
          if (what === "edit") spec += 1;
          if (what === "restart") [process, provider] = [process + 1, undefined];
          if (what === "recreate" || (content === "gone" && (what === "write" || what === "break"))) uid += 1;
          if (what === "delete") content = "gone";
          if (what === "break" || what === "recreate") content = "broken";
          if ("keys" in rest) content = rest.keys;
          moments.push({ era: `${spec} ${uid} ${process}`, keys: content });
          provider = step(readingOf(content, String(at), String(uid)), `a/${spec}`, provider);
          assert.deepEqual(
            provider.keys().map(({ name }) => name),
            expected(moments),
          );
          // Never silent: whatever is not the present version says so, and only a provider without keys makes Verifiers not ready.
          assert.equal(provider.problem === undefined && provider.stale === undefined, Array.isArray(content));
          assert.equal(provider.problem !== undefined, provider.keys().length === 0);
        }
      }),
      { numRuns: 500, interruptAfterTimeLimit: 3000 },
    );
  });
});

function readingOf(content: Moment["keys"], version: string, source: string): Reading {
  if (content === "gone") return gone;
  return content === "broken" ? unusable(version, source) : usable(version, content, source);
}

/** By the whole history: the latest usable moment of an unbroken run of the present era in which the object was there. */
function expected(moments: readonly Moment[]): readonly string[] {
  const { era } = moments.at(-1) ?? {};
  const end = moments.findLastIndex((moment) => moment.era !== era || moment.keys === "gone");
  const sets = moments.slice(end + 1).flatMap(({ keys }) => (typeof keys === "string" ? [] : [keys]));
  return sets.at(-1) ?? [];
}
