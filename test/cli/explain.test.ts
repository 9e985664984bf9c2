import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { golden } from "../support/txtar.ts";
import { explain, signed, unknown } from "./fixtures.ts";
import { run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;

describe("explain", () => {
  it("tells people why each store is asked, with which credential, and what lost", async () => {
    const { stdout, stderr, exit, closed } = await run(["explain", signed, unknown, "acme.io"]);
    assert.equal(stdout, golden(goldenFile("explain.txt"), stdout));
    assert.deepEqual({ stderr, exit, closed }, { stderr: "", exit: 0, closed: 1 });
  });

  it("prints exactly the array of explanations, in order", async () => {
    const { stdout } = await run(["explain", "-o", "json", signed, "acme.io", unknown]);
    assert.deepEqual(JSON.parse(stdout), [explain(signed), explain("acme.io"), explain(unknown)]);
    assert.equal(stdout, golden(goldenFile("explain.json"), stdout));
  });

  it("prints an array for one image too", async () =>
    assert.deepEqual(JSON.parse((await run(["explain", signed, "-o", "json"])).stdout), [explain(signed)]));

  it("reads images from standard input, one a line, empty lines left out", async () => {
    const { stdout } = await run(["explain", "-", unknown, "-o", "json"], { stdin: `${signed}\r\n\n acme.io/a\n` });
    assert.deepEqual(
      (JSON.parse(stdout) as { image: string }[]).map(({ image }) => image),
      [signed, " acme.io/a", unknown],
    );
  });

  it("prints an empty array for empty input", async () => assert.equal((await run(["explain", "-", "-o", "json"])).stdout, "[]\n"));

  it("refuses to read standard input twice", async () => {
    const { exit, stderr } = await run(["explain", "-", "-"]);
    assert.deepEqual(
      { exit, stderr },
      { exit: 64, stderr: 'error: "-" is given 2 times (CLI_USAGE)\nwhat to do: standard input can be read once only\n' },
    );
  });

  it("prints YAML on request", async () =>
    assert.match((await run(["explain", signed, "-o", "yaml"])).stdout, /^- image: acme\.azurecr\.io\/prod\/web:1\.4\n {2}reference:\n/));

  it("shows a hostile image without obeying it", async () => {
    const { stdout, exit } = await run(["explain", "acme.io/\u001b[2Ja"]);
    assert.deepEqual(
      { stdout, exit },
      { stdout: "Image:      acme.io/\\u001b[2Ja\nREFERENCE_INVALID: no repository after the registry\n", exit: 0 },
    );
  });
});
