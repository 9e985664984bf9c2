import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../support/clock.ts";
import { golden } from "../support/txtar.ts";
import { signed, unknown } from "./fixtures.ts";
import { ambiguous, missing, pinned, resolutions } from "./resolutions.ts";
import { FakeError, run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;
const all = [signed, pinned, missing, ambiguous, unknown];

describe("resolve", () => {
  for (const [images, exit, why] of [
    [[signed], 0, "an image that is resolved"],
    [[signed, pinned], 0, "images that are all resolved"],
    [[missing], 1, "an image that is not there"],
    [[ambiguous], 2, "a tag that means two images"],
    [[unknown], 2, "a registry that does not answer"],
    [[signed, unknown, missing], 1, "one that is not there among others"],
    [[signed, "acme.azurecr.io/no/fixture", unknown], 70, "one that could not be asked for at all, whatever is in doubt"],
  ] as const)
    it(`exits ${exit} for ${why}`, async () => assert.equal((await run(["resolve", ...images])).exit, exit));

  it("prints each store's word, and the answer last", async () => {
    const { stdout } = await run(["resolve", ...all]);
    assert.equal(stdout, golden(goldenFile("resolve.txt"), stdout));
  });

  it("keeps to ASCII where the locale shows no more", async () => {
    const { stdout } = await run(["resolve", ...all], { unicode: false });
    assert.match(stdout, /^[\n -~]*$/);
  });

  for (const format of ["json", "yaml"] as const) {
    it(`prints ${format} for programs`, async () => {
      const { stdout } = await run(["resolve", signed, "-o", format]);
      assert.equal(stdout, golden(goldenFile(`resolve.${format}`), stdout));
    });
  }

  it("prints an array in the order of the images where there are several, or they come from standard input", async () => {
    const parsed = async (argv: readonly string[], stdin = ""): Promise<unknown> =>
      JSON.parse((await run(["resolve", ...argv, "-o", "json"], { stdin })).stdout);
    assert.deepEqual(
      await parsed([unknown, signed]),
      [unknown, signed].map((image) => resolutions.get(image)),
    );
    assert.deepEqual(await parsed(["-"], `${signed}\n`), [resolutions.get(signed)]);
  });

  it("is in doubt about an image for which the time did not suffice", async () => {
    const resolve = (_: string, signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    const clock = new ManualClock();
    const running = run(["resolve", signed, "--timeout", "2s"], { answers: { resolve }, clock });
    await setImmediate();
    await clock.advance(3000);
    const { stdout, exit } = await running;
    assert.match(stdout, /inconclusive \(Timeout\)\n +No answer within 2s/);
    assert.equal(exit, 2);
  });

  it("says why an image could not be asked for", async () => {
    const resolve = (): Promise<never> => Promise.reject(new FakeError("FAKE_UNREADABLE", "The disk is gone", { remedy: "retry" }));
    const { stdout, stderr } = await run(["resolve", signed], { answers: { resolve } });
    assert.deepEqual(
      { stdout, stderr },
      {
        stdout: "",
        stderr: `error: Cannot resolve "${signed}" (CLI_RESOLVE_FAILED)
because: The disk is gone (FAKE_UNREADABLE)
what to do: try again; if it stays, look at what the message names
`,
      },
    );
  });

  it("refuses an empty list and what is no reference", async () => {
    const { stderr, exit } = await run(["resolve", "-"], { stdin: "\n" });
    assert.deepEqual([exit, stderr.split("\n")[0]], [64, "error: There is no image to resolve (CLI_USAGE)"]);
    assert.equal((await run(["resolve", "nothing"])).exit, 64);
  });
});
