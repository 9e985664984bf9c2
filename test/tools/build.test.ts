import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exitWithoutGo, toolsDirectory } from "./build.ts";

test("toolsDirectory() is what the environment says, and outside every checkout otherwise", () => {
  assert.equal(toolsDirectory({ COUNTERSIGN_TOOLS_CACHE: "/cache" }), "/cache");
  assert.equal(toolsDirectory({ XDG_CACHE_HOME: "/xdg" }), join("/xdg", "countersign", "tools"));
  assert.equal(toolsDirectory({ XDG_CACHE_HOME: "" }), join(homedir(), ".cache", "countersign", "tools"));
});

test("build.ts without Go and without a cache says so loudly, exits 3 and leaves nothing behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "countersign-tools-"));
  try {
    const env = { PATH: folder, COUNTERSIGN_TOOLS_CACHE: join(folder, "cache") };
    const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL("build.ts", import.meta.url))], {
      env,
      encoding: "utf8",
    });
    assert.match(stderr, /^NO REAL PARTS: Go 1\.26 or newer is not on PATH/);
    assert.equal(status, exitWithoutGo);
    assert.deepEqual(await readdir(folder), []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
