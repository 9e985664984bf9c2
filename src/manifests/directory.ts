import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "../kernel/error.ts";
import type { ManifestProblem } from "./parse.ts";

/** The directory itself cannot be read. */
export class ManifestError extends CodedError<"MANIFESTS_UNREADABLE"> {}

export interface FileState {
  /** `mtime/size/inode`: what tells that a file has changed. */
  readonly stamp: string;
  /** Absent: it is there and cannot be read. */
  readonly text?: string;
}
export interface DirectoryState {
  readonly files: ReadonlyMap<string, FileState>;
  readonly problems: readonly ManifestProblem[];
}

const maxFiles = 1000;
/** The API server takes 3 MiB in one request. */
const maxFileBytes = 4 * 1024 * 1024;
const maxDepth = 8;

/**
 * Reads what has changed since `before`, which is returned as it is if nothing has. Hidden names are skipped, and with them the `..data` of a mounted
 * ConfigMap, whose files are seen through its links. @throws ManifestError
 */
export async function readDirectory(directory: string, before: DirectoryState): Promise<DirectoryState> {
  const problems: ManifestProblem[] = [];
  const paths: string[] = [];
  await collect(directory, { paths, problems, depth: 0 });
  const files = new Map<string, FileState>();
  for (const path of paths.toSorted().slice(0, maxFiles)) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue; // gone since it was listed
    const stamp = `${found.mtimeMs}/${found.size}/${found.ino}`;
    const known = before.files.get(path);
    files.set(path, known?.stamp === stamp ? known : await readOne(path, { stamp, size: found.size, problems }));
  }
  if (paths.length > maxFiles)
    problems.push({ file: directory, message: `has more than ${maxFiles} manifests; the rest, by name, is not used` });
  const same = files.size === before.files.size && [...files].every(([path, file]) => before.files.get(path) === file);
  return same && problems.length === before.problems.length ? before : { files, problems };
}

async function readOne(
  path: string,
  context: { readonly stamp: string; readonly size: number; readonly problems: ManifestProblem[] },
): Promise<FileState> {
  if (context.size > maxFileBytes) {
    context.problems.push({ file: path, message: "is larger than 4 MiB and not used" });
    return { stamp: context.stamp };
  }
  const text = await readFile(path, "utf8").catch(() => undefined);
  return { stamp: context.stamp, ...(text !== undefined && { text }) };
}

async function collect(
  directory: string,
  into: { readonly paths: string[]; readonly problems: ManifestProblem[]; readonly depth: number },
): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (into.depth > 0) return [];
    throw new ManifestError("MANIFESTS_UNREADABLE", `Cannot read the directory of manifests "${directory}"`, {
      cause: error,
      remedy: "fix-configuration",
    });
  });
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (into.depth < maxDepth) await collect(path, { ...into, depth: into.depth + 1 });
    } else if (/\.(ya?ml|json)$/.test(entry.name)) into.paths.push(path);
    if (into.paths.length > maxFiles) return;
  }
}
