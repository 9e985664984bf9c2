import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countObjects } from "../../src/cli/check.ts";
import type { CheckEntry } from "../../src/cli/ports.ts";
import { golden } from "../support/txtar.ts";
import { accepted, refused } from "./fixtures.ts";
import { FakeError, run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;

describe("check", () => {
  it("prints a table and exits 0 where everything is accepted", async () => {
    const { stdout, exit } = await run(["check"]);
    assert.equal(stdout, golden(goldenFile("check.txt"), stdout));
    assert.equal(exit, 0);
  });

  it("counts objects, however much is wrong with one", () => {
    const wrong = (name: string, path: string): CheckEntry => ({ kind: "Store", name, accepted: false, reason: "InvalidSpec", path });
    const fine: CheckEntry = { kind: "AuthProvider", name: "a", accepted: true, reason: "Valid" };
    assert.equal(countObjects([wrong("a", "spec.x"), wrong("a", "spec.y"), wrong("b", "spec.x"), fine]), 3);
    assert.equal(countObjects([{ ...fine, namespace: "b" }, fine]), 2);
  });

  it("exits 1 where anything is not accepted", async () => {
    const { stdout, exit } = await run(["check", "--manifests", "m"], { answers: { check: refused } });
    assert.equal(stdout, golden(goldenFile("check-refused.txt"), stdout));
    assert.equal(exit, 1);
  });

  it("prints exactly the entries as JSON", async () => {
    const { stdout, exit } = await run(["check", "-o", "json"], { answers: { check: refused } });
    assert.deepEqual(JSON.parse(stdout), refused);
    assert.equal(exit, 1);
  });

  it("prints no member that is not of the entry's shape", async () => {
    const check = [{ ...accepted[0], secret: "x" }] as unknown as typeof accepted;
    assert.deepEqual(JSON.parse((await run(["check", "-o", "json"], { answers: { check } })).stdout), [accepted[0]]);
  });

  it("says that there is nothing to check", async () => {
    const { stdout, stderr, exit } = await run(["check"], { answers: { check: [] } });
    assert.deepEqual({ stdout, stderr, exit }, { stdout: "", stderr: "note: there is no object to check\n", exit: 0 });
  });

  it("exits 64 where the manifests cannot be read", async () => {
    const open = async (): Promise<void> => {
      throw new FakeError("FAKE_UNREADABLE", 'There is no directory "m"', { remedy: "fix-configuration" });
    };
    const { stderr, exit } = await run(["check", "--manifests", "m"], { answers: { open } });
    assert.deepEqual(
      { stderr, exit },
      {
        stderr:
          'error: There is no directory "m" (FAKE_UNREADABLE)\nwhat to do: correct what the message names; "countersign check" says what is accepted\n',
        exit: 64,
      },
    );
  });

  it("shows a hostile name without obeying it", async () => {
    const check = [{ kind: "Store", name: "\u001b[31mx", namespace: "n", accepted: true, reason: "Accepted" }];
    assert.match((await run(["check"], { answers: { check } })).stdout, /n\/\^\[\[31mx/);
  });
});
