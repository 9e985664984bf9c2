import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { readInput, readInputFile } from "../../src/app/input.ts";

const never = new AbortController().signal;
const limit = 4 * 1024 * 1024;
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-input-"));
});
after(() => rm(directory, { recursive: true }));

async function holding(bytes: string | Uint8Array): Promise<string> {
  const path = join(directory, "list");
  await writeFile(path, bytes);
  return path;
}

describe("readInputFile()", () => {
  it("gives what a file holds, up to 4 MiB", async () => {
    assert.equal(await readInputFile(await holding("a\nä\n"), never), "a\nä\n");
    assert.equal((await readInputFile(await holding(new Uint8Array(limit)), never)).length, limit);
  });

  it("refuses a larger file, what is no file, and what is not there, by name", async () => {
    const rows = [
      [await holding(new Uint8Array(limit + 1)), /list" is larger than 4 MiB$/],
      [directory, /cannot be read: it is no regular file; standard input takes a pipe$/],
      ["/dev/zero", /"\/dev\/zero" cannot be read: it is no regular file/],
      [join(directory, "missing"), /missing" cannot be read: there is no such file or directory \(ENOENT\)$/],
    ] as const;
    for (const [path, message] of rows) await assert.rejects(readInputFile(path, never), { name: "AppError", message });
  });

  it("rejects with the signal's reason once that has aborted", async () => {
    const reason = new DOMException("stop", "AbortError");
    await assert.rejects(readInputFile(await holding("a"), AbortSignal.abort(reason)), reason);
  });
});

describe("readInput()", () => {
  it("gives what a stream holds, and reads no further than 4 MiB", async () => {
    assert.equal(await readInput(Readable.from([Buffer.from("a\n"), Buffer.from("b")]), never), "a\nb");
    let read = 0;
    function* endless(): Generator<Buffer> {
      for (;;) {
        read += 1;
        yield Buffer.alloc(65_536);
      }
    }
    await assert.rejects(readInput(Readable.from(endless()), never), { code: "INPUT_TOO_LARGE" });
    assert.ok(read * 65_536 < 2 * limit, `${read} chunks`);
  });
});
