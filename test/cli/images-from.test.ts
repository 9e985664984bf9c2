import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signed, unsigned } from "./fixtures.ts";
import { run, type Session } from "./session.ts";

const list = `# what runs today
${signed}\r

  ${unsigned}  # twice
${unsigned}
${"#".repeat(3)}`;

async function diff(given: readonly string[], { file = list, stdin = "" } = {}): Promise<Session> {
  return await run(["diff", "--manifests", "old", "--manifests", "new", ...given], { stdin, readable: new Map([["images.txt", file]]) });
}
/** What was asked about, each by both sides. */
function imagesOf({ requests }: Session): readonly string[] {
  return [...new Set(requests.map(({ image }) => image))];
}

describe("diff --images-from", () => {
  it("takes one image a line, once each, without comments and the space around it", async () => {
    const session = await diff(["--images-from", "images.txt"]);
    assert.deepEqual([imagesOf(session), session.requests.length, session.exit], [[signed, unsigned], 4, 0]);
    assert.equal(session.stdout, "2 images: 0 lost, 0 gained, 2 unchanged, 0 failed\n");
  });

  it("takes them from standard input as well, and beside those of the command line", async () => {
    const session = await diff(["--images-from", "-", "acme.io/app:1", signed], { stdin: list });
    assert.deepEqual(imagesOf(session), ["acme.io/app:1", signed, unsigned]);
  });

  it("does not take the middle of a word for a comment: what is no reference must not be cut to one", async () => {
    assert.deepEqual(imagesOf(await diff(["--images-from", "images.txt"], { file: "acme.io/app#1:2\n" })), ["acme.io/app#1:2"]);
  });

  for (const [what, given, file, message] of [
    ["names nothing: nothing compared is nothing unchanged", ["--images-from", "images.txt"], "# none\n\n", "There is no image to compare"],
    ["is empty", ["--images-from", ""], list, "--images-from is empty"],
    ["wants the standard input that - reads", ["--images-from", "-", "-"], list, '"-" and --images-from - both want standard input'],
    [
      "names more than 10,000 images",
      ["--images-from", "images.txt"],
      Array.from({ length: 10_001 }, (_, at) => `acme.io/app:${at}`).join("\n"),
      "--images-from names 10001 images, and 10000 are the most",
    ],
  ] as const)
    it(`exits 64 where it ${what}`, async () => {
      const { exit, stderr, opened } = await diff(given, { file });
      assert.deepEqual([exit, opened], [64, []]);
      assert.ok(stderr.startsWith(`error: ${message} (CLI_USAGE)\n`), stderr);
    });

  it("gets to the end of a line that is a million comments and a line separator", async () => {
    const { exit } = await diff(["--images-from", "images.txt"], { file: `${" #".repeat(1_000_000)}\u2028\n${signed}` });
    assert.equal(exit, 0);
  });
});
