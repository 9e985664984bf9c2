import { constants } from "node:fs";
import { lstat, open, rename, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import type { NewFile } from "../cli/ports.ts";
import { systemReason } from "../kernel/error.ts";
import { longestTape } from "../tape/tape.ts";
import { TapeError } from "../tape/tape-error.ts";

/** For its owner only: the evidence of a private image is as private as the image. */
const mode = 0o600;

/**
 * A recording that is about to be written: begun beside its place, so that what is in the way is found before anything is verified, and moved there whole.
 * @throws TapeError TAPE_UNWRITABLE
 */
export async function createTapeFile(path: string): Promise<NewFile> {
  const place = resolve(path);
  const draft = join(dirname(place), `.${basename(place)}.${randomUUID()}`);
  // Never in the place of a device, a pipe or a link, which a move would take away.
  const there = await lstat(place).catch(() => undefined);
  if (there !== undefined && !there.isFile()) throw unwritable(path, "what is there is no regular file");
  const file = await attempt(path, () => open(draft, "wx", mode));
  return {
    commit: (bytes) =>
      attempt(path, async () => {
        await file.writeFile(bytes);
        await file.sync();
        await file.close();
        await rename(draft, place);
      }),
    [Symbol.asyncDispose]: async () => {
      await file.close().catch(() => {
        // Closed already, or broken: either way there is nothing to be kept.
      });
      await rm(draft, { force: true });
    },
  };
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(path, systemReason(error));
  }
}

function unwritable(path: string, why: string): TapeError {
  return new TapeError("TAPE_UNWRITABLE", `The recording "${path}" cannot be written: ${why}`);
}

/** The bytes of a file, at most as many as a recording may have. @throws TapeError TAPE_UNREADABLE */
export async function readTapeFile(path: string): Promise<Uint8Array> {
  const content = await readRegular(path).catch((error: unknown) => ({ problem: systemReason(error) }));
  if (content instanceof Uint8Array) return content;
  throw new TapeError("TAPE_UNREADABLE", `The file cannot be read: ${content.problem}`);
}

async function readRegular(path: string): Promise<Uint8Array | { readonly problem: string }> {
  // A pipe would be waited for.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (!stat.isFile()) return { problem: "it is no regular file" };
  return stat.size > longestTape ? { problem: `it is larger than ${longestTape / 1024 / 1024} MiB` } : await file.readFile();
}
