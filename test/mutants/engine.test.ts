import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

/** One way to weaken the engine, as an edit of its source: `from` stands there exactly once. `tests` is the file that has to notice. */
type Mutant = readonly [tests: string, sentence: string, file: string, from: string, to: string];

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
    'if (policy.problem !== undefined) return { ...state, value: "unknown" };',
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
];

const root = new URL("../..", import.meta.url).pathname;
/** Those that have to notice: they need no generated worlds, so that each takes a second. */
const suite = [...new Set(mutants.map(([tests]) => tests))];
let original = "";

/** A copy of what the suite imports, to be spoilt. */
function copy(): string {
  const directory = mkdtempSync(join(tmpdir(), "countersign-mutant-"));
  for (const room of ["src/api", "src/engine", "src/kernel", "src/oci", "test/engine"])
    cpSync(join(root, room), join(directory, room), { recursive: true });
  cpSync(join(root, "test/support/clock.ts"), join(directory, "test/support/clock.ts"));
  cpSync(join(root, "package.json"), join(directory, "package.json"));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** What these tests say of the copy: whether they pass, and their words. */
function run(directory: string, names: readonly string[]): Promise<{ readonly passes: boolean; readonly output: string }> {
  const files = names.map((name) => join(directory, "test/engine", `${name}.test.ts`));
  // In this one process: starting one for each file would cost more than the tests do.
  const args = ["--test", "--test-isolation=none", "--test-force-exit", "--test-timeout=5000", ...files];
  // node:test tells a child that it runs inside a test, and would only collect its answers.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: directory, env, timeout: 60_000, maxBuffer: 1 << 26 }, (error, stdout) =>
      resolve({ passes: error === null, output: stdout }),
    );
  });
}

describe("the engine's tests of sentences", { concurrency: 2, timeout: 300_000 }, () => {
  before(() => {
    original = copy();
  });
  after(() => rmSync(original, { recursive: true }));

  test("pass on the engine as it is", async () => {
    const { passes, output } = await run(original, suite);
    assert.equal(passes, true, output);
  });

  for (const [tests, sentence, file, from, to] of mutants)
    test(`of ${tests} fail when ${sentence}`, async () => {
      const directory = copy();
      try {
        const path = join(directory, "src/engine", file);
        const source = readFileSync(path, "utf8");
        assert.equal(source.split(from).length, 2, `the mutant's place in ${file} is gone or ambiguous: ${from}`);
        // What does not even parse would be noticed by anything.
        assert.ok(stripTypeScriptTypes(source.replace(from, () => to)));
        writeFileSync(
          path,
          source.replace(from, () => to),
        );
        assert.equal((await run(directory, [tests])).passes, false, "the mutant survives");
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
});
