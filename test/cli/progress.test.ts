import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Progress } from "../../src/cli/progress.ts";
import { reports, signed, unknown, unsigned } from "./fixtures.ts";
import { run } from "./session.ts";

const erase = "\r\u001b[K";

function written(isTerminal: boolean, work: (progress: Progress) => void, total = 3, unicode?: boolean): string {
  let text = "";
  const output = { write: (more: string) => void (text += more), isTerminal, columns: 80, ...(unicode !== undefined && { unicode }) };
  {
    using progress = new Progress(output, "verifying", total);
    work(progress);
  }
  return text;
}

describe("Progress", () => {
  it("says on a terminal how far the command is, and is gone in the end", () => {
    const twice = (progress: Progress): void => {
      progress.next();
      progress.next();
    };
    assert.equal(written(true, twice), `${erase}verifying 1 of 3…${erase}verifying 2 of 3…${erase}`);
    assert.equal(written(true, twice, 3, false), `${erase}verifying 1 of 3...${erase}verifying 2 of 3...${erase}`);
  });

  it("does not count to one", () =>
    assert.equal(
      written(true, (progress) => progress.next(), 1),
      `${erase}verifying…${erase}`,
    ));
  it("writes nothing where there is nothing to do, or no terminal", () =>
    assert.deepEqual([written(true, () => {}), written(false, (progress) => progress.next())], ["", ""]));
});

describe("verify", () => {
  it("shows progress on standard error of a terminal only, and nothing of it is left", async () => {
    const { stdout, stderr } = await run(["verify", signed, unsigned, unknown], { terminal: true, colour: false });
    assert.equal(stderr, `${[1, 2, 3].map((at) => `${erase}verifying ${at} of 3…`).join("")}${erase}`);
    assert.ok(!stdout.includes("\u001b"));
    assert.equal((await run(["verify", signed])).stderr, "");
  });

  it("prints reports in the order of the images, whichever is done first", async () => {
    const waiting = Promise.withResolvers<void>();
    const verify = async (image: string) => {
      if (image === signed) await waiting.promise;
      else waiting.resolve();
      return reports.get(image) ?? assert.fail();
    };
    const { stdout } = await run(["verify", signed, unsigned], { answers: { verify } });
    assert.ok(stdout.indexOf(signed) < stdout.indexOf(unsigned));
  });
});
