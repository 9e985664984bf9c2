import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLines } from "../../src/kube/lines.ts";

async function* chunked(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  for (const part of parts) yield part;
}

async function linesOf(parts: readonly (string | Uint8Array)[], maxLineBytes = 1000): Promise<string[]> {
  const bytes = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
  const lines: string[] = [];
  for await (const line of readLines(chunked(bytes), { maxLineBytes })) lines.push(line);
  return lines;
}

test("readLines() gives the same lines however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ minLength: 1, unit: "grapheme" }).filter((line) => !line.includes("\n")),
        { maxLength: 8 },
      ),
      fc.array(fc.nat(40), { maxLength: 10 }),
      async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const at = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort((a, b) => a - b);
        const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        assert.deepEqual(await linesOf(parts), lines);
      },
    ),
    { numRuns: 200, interruptAfterTimeLimit: 2000 },
  );
});

for (const row of [
  { name: "leaves out empty lines", parts: ["\n\na\n\n"], expected: ["a"] },
  { name: "keeps a byte order mark, which JSON then refuses", parts: ["\ufeffa\n"], expected: ["\ufeffa"] },
  { name: "takes a line of exactly the limit", parts: ["aaaa", "aaaa\n"], expected: ["aaaaaaaa"] },
  { name: "gives nothing for nothing", parts: [], expected: [] },
]) {
  test(`readLines() ${row.name}`, async () => {
    assert.deepEqual(await linesOf(row.parts, 8), row.expected);
  });
}

for (const row of [
  { name: "a line longer than the limit in one chunk", parts: ["aaaaaaaaa\n"], code: "KUBE_LIMIT_EXCEEDED" },
  { name: "a line longer than the limit in many", parts: ["aaaa", "aaaa", "a"], code: "KUBE_LIMIT_EXCEEDED" },
  { name: "a stream that ends inside a line", parts: ["a\nb"], code: "KUBE_PROTOCOL_VIOLATION" },
  { name: "a line that is not UTF-8", parts: [Uint8Array.of(0xc3, 0x28, 0x0a)], code: "KUBE_PROTOCOL_VIOLATION" },
  { name: "a line with half a character", parts: [Uint8Array.of(0xe2, 0x82, 0x0a)], code: "KUBE_PROTOCOL_VIOLATION" },
]) {
  test(`readLines() refuses ${row.name}`, async () => {
    await assert.rejects(linesOf(row.parts, 8), { code: row.code });
  });
}
