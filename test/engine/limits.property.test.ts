import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { artifact, malformed, type ModelArtifact, otherSubject } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { verify, wordOf } from "./verify.ts";

const limits = { artifacts: 4, manifestBytes: 4096, totalBytes: 8192 } as const;
const good = artifact({ salt: "good" });

/** What somebody may attach who cannot sign; whether a Verifier could judge it by its entry in the listing. */
const kinds = {
  "of a foreign type": { counts: false, make: (salt: number) => artifact({ salt, type: "application/vnd.junk", finding: "bad" }) },
  "of a foreign type that the list does not name": {
    counts: true,
    make: (salt: number) => artifact({ salt, type: "application/vnd.junk", listedType: null, finding: "bad" }),
  },
  "a signature that is none": { counts: true, make: (salt: number) => artifact({ salt, finding: "bad" }) },
  "a signature by somebody else": { counts: true, make: (salt: number) => artifact({ salt, finding: "by mallory" }) },
  "a signature of another image": { counts: true, make: (salt: number) => artifact({ salt, names: otherSubject }) },
  "bytes that are no manifest": { counts: true, make: (salt: number) => malformed(`{"salt": ${salt}`) },
  "a verifier cannot find out": { counts: true, make: (salt: number) => artifact({ salt, finding: "throws" }) },
  "larger than a manifest may be": { counts: true, make: (salt: number) => artifact({ salt, finding: "bad", listedSize: 4097 }) },
  "as large as a manifest may be": { counts: true, make: (salt: number) => artifact({ salt, finding: "bad", listedSize: 4096 }) },
} as const satisfies Record<string, { readonly counts: boolean; readonly make: (salt: number) => ModelArtifact }>;
type JunkKind = keyof typeof kinds;

const junk = fc.array(fc.constantFrom(...(Object.keys(kinds) as JunkKind[])), { maxLength: 12 });
const made = (list: readonly JunkKind[], offset: number): readonly ModelArtifact[] => list.map((kind, at) => kinds[kind].make(offset + at));
const counted = (list: readonly JunkKind[]): number => list.filter((kind) => kinds[kind].counts).length;

const onlyAlice = (): ReturnType<typeof ready> => ready(modelVerifier("release", { trusts: ["alice"] }));

/** Answers in an order of its own. */
function jitter(delays: readonly number[]): () => Promise<void> {
  let calls = 0;
  return async () => {
    const turns = delays[calls % delays.length] ?? 0;
    calls += 1;
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  };
}

describe("verifyImage() of a signed image to which somebody attaches rubbish", () => {
  const delays = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 8 });

  it("allows wherever the signature is among the first that may be considered, and else says which limit; it never denies", async () => {
    await fc.assert(
      fc.asyncProperty(junk, junk, delays, async (before, after, turns) => {
        const referrers = [...made(before, 0), good, ...made(after, 1000)];
        const store = entry(modelStore("a", { referrers, before: jitter(turns) }), { limits });
        const report = await verify([store], { verifiers: onlyAlice() });
        if (counted(before) < limits.artifacts) assert.equal(wordOf(report), "allow");
        else {
          assert.equal(wordOf(report), "inconclusive LimitExceeded");
          assert.match(
            report.verdict.outcome === "inconclusive" ? report.verdict.causes.join() : "",
            /\(limits\.artifacts of Store\/a: 4\)/,
          );
        }
      }),
    );
  });

  it("allows by what stands under cosign's tag, however much is attached", async () => {
    const tagged = artifact({ salt: "tagged", names: null });
    await fc.assert(
      fc.asyncProperty(junk, delays, async (list, turns) => {
        const model = modelStore("a", { referrers: made(list, 0), tagged: [tagged], before: jitter(turns) });
        assert.equal(wordOf(await verify([entry(model, { limits })], { verifiers: onlyAlice() })), "allow");
      }),
    );
  });

  it("never allows nor denies an unsigned one past a limit", async () => {
    await fc.assert(
      fc.asyncProperty(junk, delays, async (list, turns) => {
        const report = await verify([entry(modelStore("a", { referrers: made(list, 0), before: jitter(turns) }), { limits })], {
          verifiers: onlyAlice(),
        });
        assert.notEqual(report.verdict.outcome, "allow");
        if (counted(list) > limits.artifacts) assert.equal(report.verdict.outcome, "inconclusive");
      }),
    );
  });
});
