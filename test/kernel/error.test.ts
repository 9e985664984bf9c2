import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { systemReason } from "../../src/kernel/error.ts";

describe("systemReason()", () => {
  it("says in words what a misspelt path leads to, with the code, and without the path", () => {
    try {
      readFileSync("/does/not/exist/hunter2");
      assert.fail("it does not exist");
    } catch (error) {
      assert.equal(systemReason(error), "there is no such file or directory (ENOENT)");
    }
  });

  it("gives other codes as they are", () => assert.equal(systemReason({ code: "EMFILE" }), "EMFILE"));

  for (const [what, thrown] of [
    ["nothing", undefined],
    ["text", "ENOENT"],
    ["an error without a code", new Error("hunter2")],
    ["a number for a code", { code: 2 }],
    ["a code that is a sentence", { code: "hunter2 is the password" }],
    ["a code of the prototype", { code: "__proto__" }],
  ] as const)
    it(`says nothing of ${what}`, () => assert.equal(systemReason(thrown), "it failed in an unforeseen way"));
});
