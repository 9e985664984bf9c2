import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

/** One way to weaken the engine, as an edit of its source: `from` stands there exactly once. */
interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mutants: readonly Mutant[] = [
  {
    name: "unknown read as false",
    file: "leaf.ts",
    from: 'evidence.isComplete(leaf.verifier, "required") ? "false" : "unknown"',
    to: '"false" : "unknown"',
  },
  {
    name: "one signer too many is asked for",
    file: "leaf.ts",
    from: "countOf(leaf, results) >= leaf.atLeast",
    to: "countOf(leaf, results) > leaf.atLeast",
  },
  {
    name: "a failed required location does not count",
    file: "evidence.ts",
    from: '[...this.#locations].every(([group, state]) => !(isWhole || group.required) || state === "complete") &&',
    to: "",
  },
  {
    name: "an unread artifact does not count",
    file: "evidence.ts",
    from: "!isCandidate(found, judge) || this.#isConclusive(found, judge)",
    to: "!isCandidate(found, judge) || found.content === undefined || this.#isConclusive(found, judge)",
  },
  {
    name: "an artifact without content is conclusive",
    file: "evidence.ts",
    from: "if (!found.isSettled || found.content === undefined) return false;",
    to: "if (!found.isSettled) return false;",
  },
  {
    name: "an inconclusive result is conclusive",
    file: "evidence.ts",
    from: ".every(isConclusive)",
    to: ".every(() => true)",
  },
  { name: "what is under way does not count", file: "evidence.ts", from: "&&\n      !this.isOpen()\n", to: "\n" },
  {
    name: "a verifier that is not ready does not count",
    file: "evidence.ts",
    from: "if (entry?.verifier === undefined || entry.problem !== undefined) return false;",
    to: "if (entry?.verifier === undefined) return true;",
  },
  {
    name: "an invalid store does not count",
    file: "judge-subject.ts",
    from: 'invalid.some((entry) => entry.evidence === "Required")',
    to: "false",
  },
  {
    name: "a location is required only if all of its stores are",
    file: "locations.ts",
    from: 'members.some((member) => member.evidence === "Required")',
    to: 'members.every((member) => member.evidence === "Required")',
  },
  { name: "Optional counts as Required", file: "locations.ts", from: 'member.evidence === "Required"', to: "member.name !== undefined" },
  {
    name: "the subject of a referrer is not looked at",
    file: "found.ts",
    from: "claim.byTag || found.content.manifest.subject?.digest === subject",
    to: "found.digest !== subject",
  },
  {
    name: "a second store's claim is dropped",
    file: "evidence.ts",
    from: "if (!isKnown) found.claims.push",
    to: "if (found.claims.length === 0) found.claims.push",
  },
  { name: "content is read from one store only", file: "read.ts", from: "[...named, ...others]", to: "named.slice(0, 1)" },
  { name: "a failed listing is complete", file: "survey.ts", from: 'hasFailed ? "failed" : "complete"', to: '"complete"' },
  { name: "cosign's tag is not asked", file: "survey.ts", from: '["referrers", "tag"] as const', to: '["referrers"] as Stage[]' },
  {
    name: "a limit ends a listing as complete",
    file: "survey.ts",
    from: "count.candidate(descriptor.digest);",
    to: "try { count.candidate(descriptor.digest); } catch { return; }",
  },
  { name: "a store that cannot resolve the tag does not count", file: "subject.ts", from: "if (isSilent || (", to: "if ((" },
  { name: "different digests of a tag do not count", file: "subject.ts", from: "digest !== first?.digest", to: "digest === undefined" },
  {
    name: "inconclusive is remembered",
    file: "verdict-cache.ts",
    from: 'case "inconclusive":\n      return 0;',
    to: 'case "inconclusive":\n      return denyMs;',
  },
  { name: "every deny is remembered", file: "verdict-cache.ts", from: "report.complete ? denyMs : 0", to: "denyMs" },
  {
    name: "what could not be found out is reused",
    file: "result-cache.ts",
    from: "if (!isConclusive(result)) return;",
    to: "",
  },
  {
    name: "a verifier may answer for another artifact",
    file: "judge.ts",
    from: "result.artifact !== artifact || result.verifier !== verifier.name",
    to: "result.verifier === undefined",
  },
];

const root = new URL("../..", import.meta.url).pathname;
/** The quick ones first: most mutants fall to them. */
const suites = [["late.test.ts", "leaf.test.ts"], ["tag.property.test.ts"], ["verdict.property.test.ts"]];

/** A copy of what the suite imports, to be spoilt. */
function copy(): string {
  const directory = mkdtempSync(join(tmpdir(), "countersign-mutants-"));
  for (const room of ["api", "engine", "kernel", "oci"]) cpSync(join(root, "src", room), join(directory, "src", room), { recursive: true });
  cpSync(join(root, "test/engine"), join(directory, "test/engine"), { recursive: true });
  mkdirSync(join(directory, "test/support"));
  cpSync(join(root, "test/support/clock.ts"), join(directory, "test/support/clock.ts"));
  cpSync(join(root, "package.json"), join(directory, "package.json"));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  // The first counterexample is enough: nobody reads a smaller one.
  writeFileSync(join(directory, "brief.ts"), 'import fc from "fast-check";\nfc.configureGlobal({ endOnFailure: true });\n');
  return directory;
}

/** Whether every suite passes on the copy; the first that fails ends it. */
async function passes(directory: string): Promise<boolean> {
  for (const suite of suites) if (!(await passesSuite(directory, suite))) return false;
  return true;
}

function passesSuite(directory: string, suite: readonly string[]): Promise<boolean> {
  const files = suite.map((file) => join(directory, "test/engine", file));
  const args = ["--import", join(directory, "brief.ts"), "--test", "--test-isolation=none", "--test-timeout=20000", ...files];
  // node:test tells a child that it runs inside a test, and would only collect its answers.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: directory, env, timeout: 60_000 }, (error) => resolve(error === null));
  });
}

describe("the engine's suite", { concurrency: 2 }, () => {
  test("passes on the engine as it is", async () => {
    const directory = copy();
    try {
      assert.equal(await passes(directory), true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  for (const { name, file, from, to } of mutants)
    test(`fails when ${name}`, async () => {
      const directory = copy();
      try {
        const path = join(directory, "src/engine", file);
        const source = readFileSync(path, "utf8");
        assert.equal(source.split(from).length, 2, `the mutant's place in ${file} is gone or ambiguous: ${from}`);
        writeFileSync(
          path,
          source.replace(from, () => to),
        );
        assert.equal(await passes(directory), false, "the mutant survives");
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
});
