/**
 * `make test`: every stage in order of cost, seconds per stage, and one closing line `N passed, N failed`.
 * `--static` stops after the checks that read source; `--only=unit,e2e` picks stages; `--filter=TEXT` picks test files.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { parseArgs } from "node:util";
import { buildTools } from "./tools/build.ts";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}
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

/** node:test in child processes; leaves are counted, suites are not. */
async function runTests(files: readonly string[], options: { readonly concurrency: number; readonly timeoutMs: number }): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) return tally;
  const stream = run({ files: [...files], concurrency: options.concurrency, timeout: options.timeoutMs, isolation: "process" });
  for await (const event of stream as AsyncIterable<{ type: string; data: Record<string, unknown> }>) {
    const { data } = event;
    const details = (data["details"] ?? {}) as { type?: string; duration_ms?: number; error?: Error & { cause?: unknown } };
    const isFile = data["nesting"] === 0 && files.includes(String(data["name"]));
    if (event.type === "test:pass" && details.type !== "suite" && !isFile) {
      if (data["skip"] !== undefined && data["skip"] !== false) {
        tally.skipped += 1;
        process.stdout.write(`  skipped: ${String(data["name"])} (${text(data["skip"])})\n`);
      } else tally.passed += 1;
    }
    if (event.type === "test:fail" && details.type !== "suite") {
      const cause = details.error?.cause;
      const failedInside =
        isFile && /test(s)? failed|subtest/.test(String(cause instanceof Error ? cause.message : details.error?.message));
      if (failedInside) continue;
      tally.failed += 1;
      process.stdout.write(
        `  FAILED: ${text(data["file"]).replace(root, "")} ${String(data["name"])}\n${indent(describe(cause ?? details.error))}\n`,
      );
    }
    if (event.type === "test:stderr" && process.env["VERBOSE"] !== undefined) process.stderr.write(String(data["message"]));
  }
  return tally;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
function indent(text: string): string {
  return text
    .split("\n")
    .slice(0, 40)
    .map((line) => `    ${line}`)
    .join("\n");
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
  return runTests(files, { concurrency: 1, timeoutMs: 600_000 });
}

const picked = values.only?.split(",");
const chosen = stages.filter((stage) =>
  picked === undefined ? !(values.static === true && stage.kind === "tests") : picked.includes(stage.name),
);
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
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
