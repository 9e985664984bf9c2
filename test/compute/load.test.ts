import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Prints, at the end of the process, which packages its modules came from. */
const recorder = `
  import { registerHooks } from "node:module";
  const seen = new Set();
  registerHooks({ load: (url, context, next) => (seen.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1] ?? "src"), next(url, context)) });
  process.on("exit", () => console.error("packages: " + [...seen].join(" ")));
`;

/** Runs a program of its own and gives the packages that it loaded. */
function packagesOf(args: readonly string[]): readonly string[] {
  const preload = `data:text/javascript,${encodeURIComponent(recorder)}`;
  const { stderr } = spawnSync(process.execPath, ["--import", preload, ...args], { cwd: root, env: {}, encoding: "utf8", timeout: 60_000 });
  return (/packages: (.*)/.exec(stderr)?.[1] ?? assert.fail(stderr)).split(" ");
}

test("the program does not load CEL for manifests without an expression", () => {
  const packages = packagesOf(["src/main.ts", "check", "--manifests", "demo/manifests"]);
  assert.ok(packages.includes("yaml"), packages.join()); // it has been at work
  assert.deepEqual(
    packages.filter((name) => name.startsWith("@bufbuild/")),
    [],
  );
});

test("compute/ loads CEL in loadCel() alone", () => {
  const load = pathToFileURL(`${root}src/compute/load.ts`).href;
  const pool = pathToFileURL(`${root}src/compute/pool.ts`).href;
  const run = (code: string): readonly string[] => packagesOf(["--input-type=module", "-e", code]);
  assert.ok(!run(`await import("${load}"); await import("${pool}");`).includes("@bufbuild/cel"));
  assert.ok(run(`const { loadCel } = await import("${load}"); await loadCel();`).includes("@bufbuild/cel"));
});
