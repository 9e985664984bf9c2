import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { extractArchive, parseArchive, parseSession, replaySession, splitWords, TxtarError } from "./txtar.ts";

const text = "prose\n\n> countersign a 'b c'\n0| in\n1| out\n1|\n2| err\nexit 3\n\n> countersign d\n\n-- x/y.yaml --\none\n\n-- z --\ntwo";

describe("parseArchive()", () => {
  it("parts the comment from the files", () => {
    const { comment, files } = parseArchive(text);
    assert.equal(comment, text.slice(0, text.indexOf("-- x")));
    assert.deepEqual(
      [...files],
      [
        ["x/y.yaml", "one\n\n"],
        ["z", "two"],
      ],
    );
  });
  it("refuses a name that stands twice", () => assert.throws(() => parseArchive("-- a --\n-- a --\n"), TxtarError));
});

describe("extractArchive()", () => {
  it("writes files below a directory and none beside it", () => {
    const directory = mkdtempSync(join(tmpdir(), "txtar-"));
    try {
      extractArchive(parseArchive(text), directory);
      assert.equal(readFileSync(join(directory, "x/y.yaml"), "utf8"), "one\n\n");
      for (const name of ["../a", "a/../../b", "/a"])
        assert.throws(() => extractArchive(parseArchive(`-- ${name} --\n`), directory), TxtarError);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("parseSession()", () => {
  it("reads commands and what each is expected to do", () => {
    assert.deepEqual(parseSession(parseArchive(text).comment), [
      { line: 3, argv: ["a", "b c"], stdin: "in\n", expected: { stdout: "out\n\n", stderr: "err\n", exit: 3 } },
      { line: 10, argv: ["d"], stdin: "", expected: { stdout: "", stderr: "", exit: 0 } },
    ]);
  });
  it("refuses an expectation before any command", () => assert.throws(() => parseSession("1| out\n"), TxtarError));
});

describe("replaySession()", () => {
  it("gives the text back where everything comes out as expected", async () => {
    const steps = parseSession(parseArchive(text).comment);
    assert.equal(await replaySession(text, async (step) => steps.find(({ line }) => line === step.line)?.expected ?? assert.fail()), text);
  });
  it("puts what came out in the place of what was expected", async () => {
    assert.equal(
      await replaySession("> countersign a\n1| old\nexit 2\nprose\n", async () => ({ stdout: "new\n", stderr: "", exit: 0 })),
      "> countersign a\n1| new\nprose\n",
    );
  });
  it("shows a missing last line feed", async () => {
    assert.equal(
      await replaySession("> countersign a\n", async () => ({ stdout: "x", stderr: "", exit: 0 })),
      "> countersign a\n1| x\\ no line feed\n",
    );
  });
});

describe("splitWords()", () => {
  it("keeps what is quoted together, the empty word included", () =>
    assert.deepEqual(splitWords(`a 'b c' --x="d e" ''`), ["a", "b c", "--x=d e", ""]));
});
