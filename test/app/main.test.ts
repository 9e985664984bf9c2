import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** A command of its own process, bounded in time. */
async function countersign(
  argv: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("src/main.ts", root)), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    env: {},
  });
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (seen.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (seen.stderr += String(chunk)));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on("close", resolve).on("error", reject);
  return { code: await promise, ...seen };
}

test("main's version is package.json's", async () => {
  const { version } = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as { readonly version: string };
  assert.deepEqual(await countersign(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("main ends with 64 for a command that there is not, and says so on standard error alone", async () => {
  const { code, stdout, stderr } = await countersign(["frobnicate"]);
  assert.deepEqual([code, stdout], [64, ""]);
  assert.match(stderr, /^error: Unknown command 'frobnicate' \(CLI_USAGE\)\n/);
});
