import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Tally } from "./run-files.ts";

const runFiles = new URL("run-files.ts", import.meta.url).href;
const head = 'import { before, describe, test } from "node:test";\n';

/** What `make test` would count of one file; in a process of its own, since a run within a run does nothing. */
function tallyOf(source: string): Tally {
  const directory = mkdtempSync(join(tmpdir(), "countersign-run-"));
  try {
    const file = join(directory, "planted.test.mjs");
    writeFileSync(file, source);
    const program = `import { runFiles } from ${JSON.stringify(runFiles)};
      const tally = await runFiles([${JSON.stringify(file)}], { concurrency: 1, timeoutMs: 20_000, log: () => {} });
      process.stdout.write(JSON.stringify(tally));`;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    // Not by --eval: the arguments of this process would be those of the ones that it starts.
    const script = join(directory, "run.mjs");
    writeFileSync(script, program);
    return JSON.parse(execFileSync(process.execPath, [script], { env, encoding: "utf8" })) as Tally;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const rows: readonly (readonly [string, string, Tally])[] = [
  ["one that passes", 'test("a", () => {});', { passed: 1, failed: 0, skipped: 0 }],
  [
    "one test that fails, once",
    'test("a", () => {}); test("b", () => { throw new RangeError("b"); });',
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ["one that is skipped", 'test("a", { skip: "why" }, () => {});', { passed: 0, failed: 0, skipped: 1 }],
  [
    "tests in a suite, and not the suite",
    'describe("s", () => { test("a", () => {}); test("b", () => {}); });',
    { passed: 2, failed: 0, skipped: 0 },
  ],
  ["a file that does not load", 'import "./absent.mjs";', { passed: 0, failed: 1, skipped: 0 }],
  ["a file that throws before its tests", 'throw new RangeError("early");', { passed: 0, failed: 1, skipped: 0 }],
  [
    "a file that throws beside a test, which is then not run",
    'test("a", () => {}); throw new RangeError("late");',
    { passed: 0, failed: 1, skipped: 0 },
  ],
  [
    "a process that ends badly after a test that passes",
    'test("a", () => {}); process.on("exit", () => { process.exitCode = 3; });',
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ["a file without a test", "", { passed: 0, failed: 1, skipped: 0 }],
  [
    "a suite that breaks beside a test that passes",
    'test("a", () => {}); describe("s", () => { throw new RangeError("s"); });',
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ["a process that dies", 'test("a", () => process.kill(process.pid, "SIGKILL"));', { passed: 0, failed: 1, skipped: 0 }],
];
for (const [what, source, tally] of rows) {
  test(`runFiles() counts ${what}`, () => assert.deepEqual(tallyOf(head + source), tally));
}

test("runFiles() counts tests whose hook breaks as failed", () => {
  assert.ok(tallyOf(`${head}before(() => { throw new RangeError("hook"); }); test("a", () => {});`).failed > 0);
});
