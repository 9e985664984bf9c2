import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mutant, testMutants } from "./harness.ts";

const mutants: readonly Mutant[] = [
  ["kleene", "unknown and true is false", "kleene.ts", 'return unknown ? "unknown" : "true";', 'return unknown ? "false" : "true";'],
  ["kleene", "unknown and true is true", "kleene.ts", 'return unknown ? "unknown" : "true";', 'return "true";'],
  ["kleene", "unknown or false is false", "kleene.ts", 'return unknown ? "unknown" : "false";', 'return "false";'],
  ["leaf", "one signer is as good as two", "leaf.ts", "countOf(leaf, results) >= leaf.atLeast", "countOf(leaf, results) > 0"],
  [
    "leaf",
    "one signer counts for each artifact",
    "leaf.ts",
    "new Set(verified.flatMap(({ signers }) => signers.map(({ id }) => id))).size",
    "verified.flatMap(({ signers }) => signers).length",
  ],
  [
    "leaf",
    "signers are counted where artifacts are asked for",
    "leaf.ts",
    "return new Set(verified.map((result) => result.artifact)).size;",
    "return new Set(verified.flatMap(({ signers }) => signers.map(({ id }) => id))).size + 0;",
  ],
  ["leaf", "a rejection does not count against every", "leaf.ts", "leaf.every && results.some(isRejected)", "false"],
  [
    "leaf",
    "every is true on what Required Stores hold",
    "leaf.ts",
    'evidence.isComplete(leaf.verifier, "whole")',
    'evidence.isComplete(leaf.verifier, "required")',
  ],
  ["policy", "an exception counts for ever", "policy.ts", "expirationTime > now", "expirationTime > 0"],
  [
    "policy",
    "an invalid policy is exempt by its exceptions",
    "policy.ts",
    'if (policy.problem !== undefined || requirements.length === 0) return { ...state, value: "unknown" };',
    "",
  ],
  ["policy", "a policy that warns moves the verdict", "policy.ts", '.filter(({ policy }) => policy.enforcement === "Enforce")', ""],
  [
    "policy",
    "what warns is not waited for",
    "policy.ts",
    '&& states.every(({ policy, value }) => policy.enforcement === "Enforce" || value !== "unknown")',
    "",
  ],
  [
    "verify-image",
    "evidence is always complete",
    "leaf.ts",
    '!isEnough && evidence.isComplete(leaf.verifier, "required") ? "false" : "unknown"',
    '!isEnough ? "false" : "unknown"',
  ],
  ["verify-image.ending", "what is blocked does not count", "evidence.ts", "!this.#defects.blocked &&", ""],
  [
    "verify-image.reading",
    "a report is complete past a failed location",
    "evidence.ts",
    '!(isWhole || group.required) || state === "complete"',
    '!group.required || state === "complete"',
  ],
  ["hedge", "losers go on", "hedge.ts", "others.abort(", "void ("],
  [
    "hedge",
    "a failure does not start the next at once",
    "hedge.ts",
    "settled += 1;\n      startNext();",
    "settled += 1;\n      if (settled === candidates.length) startNext();",
  ],
  ["locations", "who listed last is forgotten", "locations.ts", "reader.name === lastGood", "reader.name === location"],
  [
    "locations",
    "stores that would send the same are each asked",
    "locations.ts",
    "[...Map.groupBy(ordered, (member) => member.store.identity(repository)).values()].map(mostPatient)",
    "ordered",
  ],
  ["budget", "one store is given all the time", "budget.ts", "const largestShare = 0.6", "const largestShare = 1"],
  [
    "verify-image.ending",
    "every location waits for the same places",
    "signed.ts",
    "{ ...deps, signed, reading: new Limit(readingAtOnce) }",
    "{ ...deps, signed, reading: ((globalThis as { limit?: Limit }).limit ??= new Limit(readingAtOnce)) }",
  ],
  [
    "verify-image.ending",
    "what is decided is still waited for",
    "judge-subject.ts",
    "if (isDecided(evaluatePolicies(view, findings.soFar(), occasion)))",
    "if (occasion.now < 0)",
  ],
  ["verify-image.ending", "a dropped layer ends the process", "judge.ts", "read.catch(() => {});", ""],
  [
    "verdict-cache",
    "allow is remembered for ever",
    "verdict-cache.ts",
    "const allowMs = 10 * 60_000",
    "const allowMs = Number.MAX_SAFE_INTEGER",
  ],
  ["verdict-cache", "deny is remembered as long as allow", "verdict-cache.ts", "const denyMs = 30_000", "const denyMs = 10 * 60_000"],
  ["verdict-places", "a host takes every place", "verdict-cache.ts", "const flightsOfOne = 32", "const flightsOfOne = 128"],
  ["verdict-places", "a namespace waits behind another's line", "verdict-cache.ts", 'group: namespace ?? ""', 'group: ""'],
  [
    "verdict-places",
    "who asks for the same waits with the first",
    "verdict-cache.ts",
    "!entry.waiting.has(line)",
    "entry.waiting.size === 0",
  ],
  [
    "verify-image.ending",
    "a content verifier's word is a signature",
    "built-in.ts",
    'entry.verifier === undefined || entry.verifier.kind === "signature"',
    "true",
  ],
  [
    "verify-image",
    "what is rubbish counts towards the limit",
    "survey.ts",
    "if (!verifiers.some((verifier) => verifier.canVerify(descriptor))) continue;",
    "",
  ],
  [
    "expressions",
    "no namespace is taken for one without labels",
    "evaluate-expressions.ts",
    "if (namespace?.labels !== undefined) return undefined;",
    "if (namespace === undefined || namespace.labels !== undefined) return undefined;",
  ],
  [
    "subject",
    "an Optional Store that is invalid has no say in what a tag is",
    "subject.ts",
    "for (const { name, problem, store } of stores) if (store === undefined) failures",
    'for (const { name, problem, store, evidence } of stores) if (store === undefined && evidence === "Required") failures',
  ],
  [
    "result-cache",
    "what one Verifier found is another's",
    "result-cache.ts",
    "`${number} ${artifact} ${subject}`",
    "`${artifact} ${subject}`",
  ],
  ["result-cache", "a namespace fills what is the cluster's", "result-cache.ts", "result, ownerOf(verifier)", 'result, ""'],
  ["signed-by", "signatures that are not shown are taken for absent", "signed.ts", "deps.findings.markPartial();", "{}"],
];

testMutants({ name: "engine", needs: ["src/api", "src/engine", "src/kernel", "src/oci", "test/engine", "test/support/clock.ts"] }, mutants);

// Written here and not in the harness: a file of tests that holds none is taken for a mistake.
test("every mutant of engine/ is another edit", () => {
  const edits = mutants.map(([, , file, from, to]) => JSON.stringify([file, from, to]));
  assert.equal(new Set(edits).size, edits.length);
});
