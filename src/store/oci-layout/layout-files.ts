import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { ErrorClass } from "../../api/error-class.ts";
import { StoreError } from "../../engine/store.ts";
import { asObject, field, parseJSON } from "../../oci/json.ts";

/** Throws a StoreError that names no path: where files lie is nobody's business who writes a pod. */
export function layoutError(failureClass: ErrorClass, detail: string): StoreError {
  return new StoreError({ class: failureClass, message: `The image layout ${detail}` });
}

/** image-spec v1.1.1 §oci-layout-file: a handful of bytes. */
const longestMarker = 4096;
const pieceBytes = 65_536;

/** Reads files of one layout directory, none outside the root that the operator was started with, and never more than was asked for. */
export class LayoutFiles {
  readonly #root: string | undefined;
  readonly #path: string;

  /** `root`: `--file-root`; absent: no file may be named. */
  constructor(root: string | undefined, path: string) {
    this.#root = root;
    this.#path = path;
  }

  get #bounds(): string {
    return this.#root === this.#path ? "its directory" : "--file-root";
  }

  /** Checks the marker file. @throws StoreError */
  async check(signal: AbortSignal): Promise<void> {
    const bytes = await this.read("oci-layout", { limit: longestMarker }, signal);
    const json = bytes === undefined ? undefined : parseJSON(bytes, "oci-layout", { bytes: longestMarker });
    const object = json?.ok === true ? asObject(json.value) : undefined;
    if (bytes === undefined) throw layoutError("NotFound", "does not exist, or has no file oci-layout");
    if (object === undefined || field(object, "imageLayoutVersion") !== "1.0.0")
      throw layoutError("ProtocolError", "does not have imageLayoutVersion 1.0.0");
  }

  /** A file of the layout, undefined where there is none. Symbolic links are followed only where they stay below the root. @throws StoreError */
  async read(name: string, options: { readonly limit: number }, signal: AbortSignal): Promise<Uint8Array | undefined> {
    signal.throwIfAborted();
    try {
      const path = await this.#locate(name);
      // The path is real by now; a link that took its place since is refused. A FIFO must not hold us up.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        return await readAll(file, options.limit, signal);
      } finally {
        await file.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StoreError) throw error;
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      if (code === "ELOOP") throw layoutError("UnsafeEndpoint", `has a symbolic link that leads out of ${this.#bounds}, or in a circle`);
      if (code === "EACCES" || code === "EPERM") throw layoutError("AuthorizationDenied", "has files that the operator may not read");
      throw layoutError("Internal", `cannot be read${typeof code === "string" ? ` (${code})` : ""}`);
    }
  }

  async #locate(name: string): Promise<string> {
    if (this.#root === undefined) throw layoutError("UnsafeEndpoint", "cannot be read: the operator was started without --file-root");
    const root = await realpath(this.#root);
    const directory = isAbsolute(this.#path) ? this.#path : join(root, this.#path);
    if (!isAbsolute(this.#path) && directory !== root && !isWithin(root, directory))
      throw layoutError("UnsafeEndpoint", "lies outside --file-root");
    const real = await realpath(join(directory, name));
    if (!isWithin(root, real))
      throw layoutError("UnsafeEndpoint", `lies outside ${this.#bounds}, or has a symbolic link that leads out of it`);
    return real;
  }
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

async function readAll(file: FileHandle, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  const { size } = await file.stat().then((stat) => {
    if (!stat.isFile()) throw layoutError("ProtocolError", "has something that is not a file where one should be");
    return stat;
  });
  if (size > limit) throw layoutError("LimitExceeded", `has a file of ${size} bytes where ${limit} are allowed`);
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, length);
    if (bytesRead === 0) return Buffer.concat(chunks, length);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > limit) throw layoutError("LimitExceeded", `has a file that grows beyond ${limit} bytes`);
  }
}
