import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { systemReason } from "../kernel/error.ts";
import { AppError } from "./app-error.ts";

/** A list of images that is longer is none. */
const maxInputBytes = 4 * 1024 * 1024;
const chunkBytes = 64 * 1024;

/** Standard input to its end. @throws AppError INPUT_TOO_LARGE; the signal's reason */
export async function readInput(input: Readable, signal: AbortSignal): Promise<string> {
  return await textOf(addAbortSignal(signal, input), "Standard input");
}

/** A regular file to its end. @throws AppError INPUT_UNREADABLE, INPUT_TOO_LARGE; the signal's reason */
export async function readInputFile(path: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  try {
    // A pipe would be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw unreadable(path, "it is no regular file; standard input takes a pipe");
    return await textOf(chunksOf(file, signal), `"${path}"`);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AppError ? error : unreadable(path, systemReason(error));
  }
}

async function* chunksOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Counted as it is read: a file may grow. */
async function textOf(input: AsyncIterable<Buffer>, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > maxInputBytes) throw new AppError("INPUT_TOO_LARGE", `${what} is larger than 4 MiB`, { remedy: "fix-configuration" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unreadable(path: string, why: string): AppError {
  return new AppError("INPUT_UNREADABLE", `"${path}" cannot be read: ${why}`, { remedy: "fix-configuration" });
}
