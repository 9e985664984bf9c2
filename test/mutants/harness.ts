import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

/** One way to weaken a room, as an edit of its source: `from` stands there exactly once. `tests` is the file that has to notice. */
export type Mutant = readonly [tests: string, sentence: string, file: string, from: string, to: string];

interface Room {
  readonly name: string;
  /** What its tests import, itself and the tests included: files and directories below the root. */
  readonly needs: readonly string[];
}

const root = new URL("../..", import.meta.url).pathname;

/** Spoils copies of a room, one way at a time: its tests have to pass on the room as it is, and to fail on each copy. */
export function testMutants(room: Room, mutants: readonly Mutant[]): void {
  /** Those that have to notice: they need no generated worlds, so that each takes a second. */
  const suite = [...new Set(mutants.map(([tests]) => tests))];
  let original = "";
  describe(`the tests of ${room.name}/`, { concurrency: 2, timeout: 300_000 }, () => {
    before(() => {
      original = copy(room);
    });
    after(() => rmSync(original, { recursive: true }));

    test(`pass on ${room.name}/ as it is`, async () => {
      const { passes, output } = await run(join(original, "test", room.name), suite);
      assert.equal(passes, true, output);
    });

    for (const mutant of mutants)
      test(`of ${mutant[0]} fail when ${mutant[1]}`, async () => {
        const directory = copy(room);
        try {
          spoil(join(directory, "src", room.name), mutant);
          assert.equal((await run(join(directory, "test", room.name), [mutant[0]])).passes, false, "the mutant survives");
        } finally {
          rmSync(directory, { recursive: true });
        }
      });
  });
}

function spoil(directory: string, [, , file, from, to]: Mutant): void {
  const path = join(directory, file);
  const source = readFileSync(path, "utf8");
  assert.equal(source.split(from).length, 2, `the mutant's place in ${file} is gone or ambiguous: ${from}`);
  const spoilt = source.replace(from, () => to);
  // What does not even parse would be noticed by anything.
  assert.ok(stripTypeScriptTypes(spoilt));
  writeFileSync(path, spoilt);
}

/** A copy of what the suite imports, to be spoilt. */
function copy({ needs }: Room): string {
  const directory = mkdtempSync(join(tmpdir(), "countersign-mutant-"));
  for (const path of [...needs, "package.json"]) cpSync(join(root, path), join(directory, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** What these tests say of the copy: whether they pass, and their words. */
function run(directory: string, names: readonly string[]): Promise<{ readonly passes: boolean; readonly output: string }> {
  // In this one process: starting one for each file would cost more than the tests do.
  const args = [
    "--test",
    "--test-isolation=none",
    "--test-force-exit",
    "--test-timeout=15000",
    ...names.map((name) => join(directory, `${name}.test.ts`)),
  ];
  // node:test tells a child that it runs inside a test, and would only collect its answers.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: directory, env, timeout: 60_000, maxBuffer: 1 << 26 }, (error, stdout) =>
      resolve({ passes: error === null, output: stdout }),
    );
  });
}
