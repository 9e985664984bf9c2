/**
 * `make test`: every stage in order of cost, seconds per stage, and one closing line `N passed, N failed`.
 * `--static` stops after the checks that read source; `--only=unit,e2e` picks stages; `--filter=TEXT` picks test files.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runFiles, type Tally } from "./support/run-files.ts";
import { buildTools } from "./tools/build.ts";
import { installMoto } from "./tools/moto.ts";

interface Stage {
  readonly name: string;
  readonly kind: "static" | "tests";
  run(): Promise<Tally>;
}

const { values } = parseArgs({ options: { static: { type: "boolean" }, only: { type: "string" }, filter: { type: "string" } } });
const root = new URL("..", import.meta.url).pathname;
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
const ci = process.env["CI"] === "true";

/** Runs a check as a child; its output is shown only when it fails. */
function check(name: string, command: readonly string[]): Stage {
  return {
    name,
    kind: "static",
    run: () =>
      new Promise((resolve) => {
        const [file = "", ...args] = command;
        const child = spawn(file, args, {
          cwd: root,
          stdio: ["ignore", "pipe", "pipe"],
          env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env["PATH"] ?? ""}` },
        });
        let output = "";
        child.stdout.on("data", (chunk) => (output += String(chunk)));
        child.stderr.on("data", (chunk) => (output += String(chunk)));
        child.on("close", (code) => {
          if (code !== 0) process.stdout.write(`${output}\n`);
          resolve({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
        });
      }),
  };
}

function filesOf(pattern: string, exclude: (path: string) => boolean = () => false): string[] {
  return globSync(pattern, { cwd: root })
    .filter((path) => !exclude(path) && (values.filter === undefined || path.includes(values.filter)))
    .map((path) => `${root}${path}`)
    .toSorted();
}

/** Every file's tests; failures and skips are printed as they come. */
function runTests(files: readonly string[], options: { readonly concurrency: number; readonly timeoutMs: number }): Promise<Tally> {
  return runFiles(files, {
    ...options,
    log: (line) => process.stdout.write(`  ${line.replaceAll(root, "")}\n`),
    ...(process.env["VERBOSE"] !== undefined && { onStderr: (text) => process.stderr.write(text) }),
  });
}

const cores = Math.max(1, availableParallelism());
const isEndToEnd = (path: string): boolean => path.startsWith("test/e2e/") || path.startsWith("test/support/real/");
const stages: readonly Stage[] = [
  check("format", [bin("biome"), "format", "."]),
  check("lint", [bin("oxlint"), "--type-aware", "--deny-warnings", "src", "test", "scripts", "demo"]),
  check("types", [bin("node"), `${root}node_modules/typescript7/bin/tsc`, "--noEmit", "-p", "."]),
  check("floors", [bin("depcruise"), "--config", ".dependency-cruiser.mjs", "src"]),
  check("dead code", [bin("knip")]),
  check("generated", [bin("node"), "scripts/generate.ts", "--check"]),
  {
    name: "unit",
    kind: "tests",
    run: () => runTests(filesOf("test/**/*.test.ts", isEndToEnd), { concurrency: cores, timeoutMs: 120_000 }),
  },
  { name: "end to end", kind: "tests", run: endToEnd },
];

async function endToEnd(): Promise<Tally> {
  const files = filesOf("test/{e2e,support/real}/**/*.test.ts");
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const tools = await buildTools((line) => process.stdout.write(`  ${line}\n`));
  if (tools === undefined) {
    process.stdout.write(
      `\n  !! END TO END SKIPPED: Go 1.26 or newer was not found, and nothing is cached. ${ci ? "With CI=true that is a failure." : "Nothing below was proven on real parts."}\n\n`,
    );
    return { passed: 0, failed: ci ? 1 : 0, skipped: files.length };
  }
  // One test file needs it, which is skipped without; for CI that is a failure.
  const moto = await installMoto((line) => process.stdout.write(`  ${line}\n`));
  const tally = await runTests(files, { concurrency: 1, timeoutMs: 600_000 });
  return moto === undefined && ci ? { ...tally, failed: tally.failed + 1 } : tally;
}

const picked = values.only?.split(",");
const chosen = stages.filter((stage) =>
  picked === undefined ? !(values.static === true && stage.kind === "tests") : picked.includes(stage.name),
);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const stage of chosen) {
  const start = performance.now();
  process.stdout.write(`== ${stage.name}\n`);
  const tally = await stage.run();
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  process.stdout.write(
    `   ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped in ${((performance.now() - start) / 1000).toFixed(1)} s\n`,
  );
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
