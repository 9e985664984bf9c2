import { ExpressionError } from "../../src/api/expression.ts";
import { describeFailure, toFailure } from "../../src/engine/failure.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import type { Report } from "../../src/engine/report.ts";
import { VerdictCache } from "../../src/engine/verdict-cache.ts";
import type { ViewStore } from "../../src/engine/view.ts";
import { artifact, malformed, otherSubject, subject } from "../engine/model-artifact.ts";
import { type EntryOptions, entry, modelStore, type Script } from "../engine/model-store.ts";
import { modelVerifier, ready } from "../engine/model-verifier.ts";
import { needs, policy, verify, type VerifyOptions } from "../engine/verify.ts";
import { ManualClock } from "../support/clock.ts";
import { drive } from "../transport/fixture.ts";
import type { Situation, Situations } from "./situation.ts";

const store = (script: Script = {}, options: EntryOptions = {}, name = "production"): ViewStore => entry(modelStore(name, script), options);
const signed = artifact();
const mirror = { location: "mirror.example/app" };
const tagged = "registry.example/app:v1";

/** Outcome and code, the sentence of the report, what it was made of, and what became of each Store and each artifact. */
export function told({ verdict, summary, stores, artifacts }: Report): string {
  const head = verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`;
  const why = verdict.outcome === "inconclusive" ? verdict.causes : verdict.reasons;
  const failures = stores.flatMap(({ name, failures: all }) => all.map((failure) => `Store/${describeFailure(name, failure)}`));
  const results = artifacts.flatMap(({ results: all }) =>
    all.flatMap((result) => {
      if (result.outcome === "verified") return [];
      return result.outcome === "rejected" ? `${result.reason}: ${result.message}` : `inconclusive: ${result.cause}`;
    }),
  );
  return [head, summary, ...new Set([...why, ...failures, ...results])].join("\n");
}

const judged = (when: string, stores: readonly ViewStore[], options: VerifyOptions = {}): Situation => ({
  when,
  says: async () => {
    const clock = new ManualClock();
    return told(await drive(clock, 500, verify(stores, { clock, ...options })));
  },
});
const asking = (expression: string) => [policy("release", [{ type: "expression", expression } as const])];
const failing: Expressions = {
  evaluate: () => Promise.reject(new ExpressionError("EXPRESSION_FAILED", 'no field "tier" (line 1, column 23)')),
};
const never: Expressions = { evaluate: () => Promise.resolve(false) };

const denials: Situations = [
  judged("an image is signed", [store({ referrers: [signed] })]),
  judged("an image is not signed", [store()]),
  judged("a signature is bad", [store({ referrers: [artifact({ finding: "bad" })] })]),
  judged("an artifact is no manifest", [store({ referrers: [malformed()] })]),
  judged("an artifact is of another image", [store({ referrers: [artifact({ names: otherSubject })] })]),
  judged("a Policy needs one signer more", [store({ referrers: [signed] })], {
    policies: [policy("release", [needs("release", { atLeast: 2 })])],
  }),
  judged("a Policy's expression does not hold", [store({ referrers: [signed] })], { policies: asking("false"), expressions: never }),
  judged("a Policy wants a digest, and there is a tag", [store({ tags: { v1: subject }, referrers: [signed] })], {
    image: tagged,
    policies: [policy("release", [needs("release")], { tags: "Refuse" })],
  }),
  judged("no Store is for the image", []),
  judged("a tag does not exist", [store()], { image: tagged }),
];

const { store: _, ...typo } = store({}, {}, "typo");
const doubts: Situations = [
  judged("there is no Verifier", [store()], { verifiers: [] }),
  judged("a Policy is invalid", [store({ referrers: [signed] })], {
    policies: [policy("release", [], { problem: "Policy/release is invalid: spec.require: Required value" })],
  }),
  judged("a Policy requires nothing", [store({ referrers: [signed] })], { policies: [policy("release", [])] }),
  judged("a Store refuses its credential", [store({ referrers: "AuthenticationFailed" })]),
  judged("a Store does not answer in time", [store({ referrers: "silence" })]),
  judged("a Store fails in a way that it must not", [store({ referrers: "defect" })]),
  judged("a Store is invalid", [
    store(),
    { ...typo, problem: { class: "Internal", message: "Store/typo is invalid: spec.scopes: Required value" } },
  ]),
  judged(
    "a tag means two things",
    [store({ tags: { v1: subject } }), store({ tags: { v1: otherSubject }, target: "mirror.example/app" }, {}, "second")],
    { image: tagged },
  ),
  judged("a tag cannot be resolved", [store({ resolve: "ServerError" })], { image: tagged }),
  judged("a tag is not shown", [store({ resolve: "hidden" })], { image: tagged }),
  judged("a Verifier is not ready", [store()], {
    verifiers: [...ready(modelVerifier("release")), { name: "staging", problem: "KeyProvider/staging-keys does not exist" }],
  }),
  judged("a Verifier could not find out", [store({ referrers: [artifact({ finding: "unclear" })] })]),
  judged("a Verifier fails", [store({ referrers: [artifact({ finding: "throws" })] })]),
  judged("an artifact cannot be read", [store({ referrers: [signed], fetch: "ServerError" })]),
  judged("a layer cannot be read", [store({ referrers: [artifact({ finding: "layer" })], fetch: "ServerError" })]),
  judged("an expression has no value", [store({ referrers: [signed] })], { policies: asking("x"), expressions: failing }),
  judged("an expression cannot be evaluated here", [store({ referrers: [signed] })], { policies: asking("x") }),
  judged("there are more artifacts than are read", [
    store({ referrers: [artifact({ finding: "bad" }), artifact({ finding: "attestation" })] }, { limits: { artifacts: 1 } }),
  ]),
  judged("an artifact is too large", [store({ referrers: [artifact({ listedSize: 1 << 30 })] })]),
  judged("artifacts are too large together", [
    store({ referrers: [artifact({ finding: "bad" }), artifact({ finding: "attestation" })] }, { limits: { totalBytes: 500 } }),
  ]),
  judged(
    "the time of a verification runs out",
    [store({ referrers: "silence" }, { timeoutMs: 60_000 }), store({ ...mirror, referrers: "silence" }, { timeoutMs: 60_000 }, "mirror")],
    { totalMs: 1000 },
  ),
  {
    when: "too many verifications are under way",
    says: async () => {
      const clock = new ManualClock();
      const verdicts = new VerdictCache({ clock });
      // More than have a place, and than may wait for one.
      const all = Array.from({ length: 2000 }, (_none, at) =>
        verify([store({ referrers: "silence" })], { clock, verdicts, image: `registry.example/app${at}@${subject}` }),
      );
      const reports = await drive(clock, 500, Promise.all(all));
      const busy = reports.find(({ verdict }) => verdict.outcome === "inconclusive" && verdict.code === "Busy");
      return busy === undefined ? "there is room for all" : told(busy);
    },
  },
  {
    when: "a caller has to answer before a verification ends",
    says: async () => {
      const clock = new ManualClock();
      const own = { clock, verdicts: new VerdictCache({ clock }), totalMs: 1000 };
      return told(await drive(clock, 500, verify([store({ referrers: "silence" }, { timeoutMs: 20_000 })], own)));
    },
  },
  {
    when: "a request ends before a Store has answered",
    says: () =>
      describeFailure("Store/production", toFailure(new DOMException("gone", "AbortError"), { host: "registry.example", timeoutMs: 1000 })),
  },
];

export const verdicts: Situations = [...denials, ...doubts];
