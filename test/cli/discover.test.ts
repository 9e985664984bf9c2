import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { golden } from "../support/txtar.ts";
import { discoveries } from "./discoveries.ts";
import { signed, unknown, unsigned } from "./fixtures.ts";
import { missing } from "./resolutions.ts";
import { FakeError, run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;

describe("discover", () => {
  for (const [image, exit, why] of [
    [signed, 0, "every location was listed to its end"],
    [unsigned, 0, "nothing is attached"],
    [missing, 1, "the image is not there"],
    [unknown, 2, "there may be more"],
    ["acme.azurecr.io/no/fixture", 70, "nothing could be found out"],
  ] as const)
    it(`exits ${exit} where ${why}`, async () => assert.equal((await run(["discover", image])).exit, exit));

  it("prints the artifacts as a tree, each store's part in it, and one sentence", async () => {
    const texts = await Promise.all([...discoveries.keys()].map(async (image) => (await run(["discover", image])).stdout));
    assert.equal(texts.join("\n"), golden(goldenFile("discover.txt"), texts.join("\n")));
  });

  it("keeps to ASCII where the locale shows no more", async () =>
    assert.match((await run(["discover", signed], { unicode: false })).stdout, /^[\n -~]*$/));

  for (const format of ["json", "yaml"] as const)
    it(`prints ${format} for programs`, async () => {
      const { stdout } = await run(["discover", signed, "-o", format]);
      assert.equal(stdout, golden(goldenFile(`discover.${format}`), stdout));
      if (format === "json") assert.deepEqual(JSON.parse(stdout), discoveries.get(signed));
    });

  it("says why nothing could be found out", async () => {
    const discover = (): Promise<never> => Promise.reject(new FakeError("FAKE_UNREADABLE", "The disk is gone", { remedy: "retry" }));
    const { stdout, stderr } = await run(["discover", signed], { answers: { discover } });
    assert.equal(stdout, "");
    assert.match(stderr, /^error: Cannot discover ".*" \(CLI_DISCOVER_FAILED\)\nbecause: The disk is gone \(FAKE_UNREADABLE\)\n/);
  });

  it("does not let a registry's words act on a terminal", async () => {
    const found = discoveries.get(signed) ?? assert.fail();
    const artifacts = found.artifacts.slice(0, 1).map((one) => ({ ...one, artifactType: "\u001b[2Jx", heldBy: ["a\nb"] }));
    const { stdout } = await run(["discover", signed], { answers: { discover: async () => ({ ...found, artifacts }) } });
    assert.ok(!stdout.includes("\u001b"));
    assert.ok(stdout.includes("\\u001b[2Jx") && stdout.includes("in a\\nb"));
  });

  it("takes one image, and refuses what is no reference", async () => {
    assert.equal((await run(["discover", signed, unsigned])).exit, 64);
    assert.equal((await run(["discover", "nothing"])).exit, 64);
  });
});
