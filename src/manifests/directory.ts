import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { CodedError, systemReason } from "../kernel/error.ts";
import { type ManifestProblem, type ParsedFile, parseManifests } from "./parse.ts";

/** The directory itself cannot be read. */
export class ManifestError extends CodedError<"MANIFESTS_UNREADABLE"> {}

export interface FileState {
  /** Inode, size and times: what tells that a file has changed. */
  readonly stamp: string;
  /** Read twice with one stamp and equal content: a write within the resolution of the file system's clock would have shown. */
  readonly settled: boolean;
  /** Equal exactly if the content is; of a file that cannot be read, `!` and why. */
  readonly digest: string;
  readonly parsed: ParsedFile;
  /** Nothing but white space: rather a file in the middle of being saved than one that is meant to say nothing. */
  readonly blank: boolean;
}
export interface DirectoryState {
  /** By path, in order of paths. */
  readonly files: ReadonlyMap<string, FileState>;
  /** Of the directory, not of a file in it. */
  readonly problems: readonly ManifestProblem[];
}

const maxFiles = 1000;
/** The API server takes 3 MiB in one request. */
const maxFileBytes = 4 * 1024 * 1024;
const maxDepth = 8;

/**
 * Reads what has changed since `before`. Hidden names are skipped, and with them the `..data` of a mounted ConfigMap, whose files are seen through their
 * links. What is there and cannot be read is a problem of that file, and is tried again the next time.
 * @throws ManifestError
 */
export async function readDirectory(directory: string, before: DirectoryState): Promise<DirectoryState> {
  const found: Found = { paths: [], problems: [] };
  await list(directory, found, { before, depth: 0 });
  const files = new Map<string, FileState>();
  for (const path of found.paths.toSorted().slice(0, maxFiles)) files.set(path, await readFileState(path, before.files.get(path)));
  if (found.paths.length > maxFiles) {
    found.problems.push({
      file: directory,
      message: `has more than ${maxFiles} manifests; the rest, by name, is not used`,
      leavesOut: true,
    });
  }
  return { files, problems: found.problems };
}

/** Whether both say the same. */
export function isSameDirectory(a: DirectoryState, b: DirectoryState): boolean {
  return (
    a.files.size === b.files.size &&
    [...a.files].every(([path, file]) => b.files.get(path)?.digest === file.digest) &&
    a.problems.map(printProblem).join("\n") === b.problems.map(printProblem).join("\n")
  );
}

interface Found {
  readonly paths: string[];
  readonly problems: ManifestProblem[];
}

async function list(directory: string, found: Found, context: { readonly before: DirectoryState; readonly depth: number }): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (context.depth === 0) {
      throw new ManifestError("MANIFESTS_UNREADABLE", `Cannot read the directory of manifests "${directory}": ${systemReason(error)}`, {
        cause: error,
        remedy: "fix-configuration",
      });
    }
    // Its files are as unreadable as it is: what they said last stays (readFileState), and their objects with it.
    const known = [...context.before.files.keys()].filter((path) => path.startsWith(directory + sep));
    found.problems.push({ file: directory, message: "cannot be read", ...(known.length === 0 && { leavesOut: true }) });
    found.paths.push(...known);
    return [];
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (found.paths.length > maxFiles) return;
    if (entry.name.startsWith(".")) continue;
    const path = join(directory, entry.name);
    // A link to a directory is not followed: it could lead back here.
    if (entry.isDirectory()) {
      if (context.depth < maxDepth) await list(path, found, { ...context, depth: context.depth + 1 });
      else found.problems.push({ file: path, message: `is more than ${maxDepth} directories deep and not used`, leavesOut: true });
    } else if (/\.(ya?ml|json)$/.test(entry.name)) found.paths.push(path);
  }
}

async function readFileState(path: string, before: FileState | undefined): Promise<FileState> {
  if (before?.settled === true) {
    const now = await stat(path, { bigint: true }).catch(() => undefined);
    if (now !== undefined && stampOf(now) === before.stamp) return before;
  }
  const content = await readContent(path).catch(() => "cannot be read" as const);
  if (typeof content === "string") {
    return {
      stamp: "",
      settled: false,
      digest: `!${content}`,
      blank: false,
      parsed: { objects: [], problems: [{ file: path, message: content }] },
    };
  }
  const digest = createHash("sha256").update(content.text).digest("hex");
  if (before?.digest === digest) return { ...before, stamp: content.stamp, settled: before.stamp === content.stamp };
  return { stamp: content.stamp, settled: false, digest, blank: content.text.trim() === "", parsed: parseManifests(path, content.text) };
}

/** The text with the stamp that it was read under, or what is wrong with the file. Never waits (a pipe named `.yaml`), never reads more than the limit. */
async function readContent(path: string): Promise<{ readonly stamp: string; readonly text: string } | string> {
  // oxlint-disable-next-line no-bitwise -- flags of open(2)
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = await file.stat({ bigint: true });
    if (!info.isFile()) return "is not a file";
    const buffer = Buffer.alloc(Number(info.size < maxFileBytes ? info.size : maxFileBytes) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, { offset: length, length: buffer.length - length, position: length });
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (info.size > maxFileBytes) return "is larger than 4 MiB and not used";
    if (length === buffer.length) return "grew while it was read"; // it is read again the next time
    return { stamp: stampOf(info), text: new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length)) };
  } catch (error) {
    if (error instanceof TypeError) return "is not UTF-8";
    throw error;
  } finally {
    await file.close();
  }
}

function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
}

function printProblem({ file, message }: ManifestProblem): string {
  return `${file}: ${message}`;
}
