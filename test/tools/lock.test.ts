import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { acquireLock } from "./lock.ts";

async function lockPath(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-lock-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "lock");
}

async function leaveLock(path: string, pid: number): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, "pid"), `${pid}\n`);
}

test("acquireLock() lets one in at a time, and tells a waiter whom it waits for", async (context) => {
  const path = await lockPath(context);
  const waitedFor: string[] = [];
  let inside = 0;
  const enter = async (): Promise<void> => {
    await using _lock = await acquireLock(path, (owner) => waitedFor.push(owner));
    inside += 1;
    assert.equal(inside, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([enter(), enter(), enter()]);
  assert.deepEqual(new Set(waitedFor), new Set([String(process.pid)]));
  assert.deepEqual(await readdir(join(path, "..")), []);
});

test("acquireLock() takes over the lock of a process that has ended, once", { timeout: 20_000 }, async (context) => {
  const path = await lockPath(context);
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  await leaveLock(path, child.pid ?? 0);
  let inside = 0;
  const enter = async (): Promise<void> => {
    await using _lock = await acquireLock(path);
    inside += 1;
    assert.equal(inside, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([enter(), enter()]);
});

test("acquireLock() takes over a lock whose owner has shown no sign of life for over a minute", { timeout: 20_000 }, async (context) => {
  const path = await lockPath(context);
  await leaveLock(path, process.pid);
  const longAgo = new Date(Date.now() - 61_000);
  await utimes(path, longAgo, longAgo);
  await using lock = await acquireLock(path);
  await lock.release();
});
