import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How often a holder shows that it lives, and after how long without that sign the lock is up for grabs (ms). */
const heartbeatMs = 5_000;
const staleAfterMs = 60_000;
const pollMs = 500;

/** A lock between processes: a directory that holds its owner's pid. */
export interface DirectoryLock extends AsyncDisposable {
  /** Gives the lock up; a second call does nothing. */
  release(): Promise<void>;
}

/** Waits for the lock at `path` and takes it; the lock of a process that has ended, or has shown no sign of life for a minute, is taken over. */
export async function acquireLock(path: string, onWait: (owner: string) => void = () => {}): Promise<DirectoryLock> {
  let told = false;
  while (!(await tryAcquire(path))) {
    const owner = await staleOwner(path);
    if (owner.stale) await removeStale(path);
    else {
      if (!told) onWait(owner.pid);
      told = true;
      await sleep(pollMs);
    }
  }
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), heartbeatMs);
  heartbeat.unref();
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    clearInterval(heartbeat);
    await rm(path, { recursive: true, force: true });
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** The directory is made aside with the pid in it and then renamed: nobody ever sees a lock without its owner, and a rename onto a held lock fails. */
async function tryAcquire(path: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`;
  await mkdir(aside);
  await writeFile(join(aside, "pid"), `${process.pid}\n`);
  try {
    await rename(aside, path);
    return true;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "EPERM") return false;
    throw error;
  }
}

async function staleOwner(path: string): Promise<{ readonly pid: string; readonly stale: boolean }> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(join(path, "pid"), "utf8"), stat(path)]);
    return { pid: text.trim(), stale: !isAlive(Number(text)) || Date.now() - mtimeMs > staleAfterMs };
  } catch {
    return { pid: "unknown", stale: false }; // given up between our two looks
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Two waiters may both have seen the old owner: only one at a time may remove, and it looks again, so that a fresh lock is never removed. */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await mkdir(guard);
  } catch {
    const age = await stat(guard).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > staleAfterMs) await rm(guard, { recursive: true, force: true });
    await sleep(pollMs);
    return;
  }
  try {
    if ((await staleOwner(path)).stale) await rm(path, { recursive: true, force: true });
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}
