import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { remedies } from "../../src/api/error-class.ts";
import { CliError } from "../../src/cli/cli-error.ts";
import { describeError } from "../../src/cli/error-text.ts";
import { StoreError } from "../../src/engine/store.ts";
import { FakeError } from "./session.ts";

describe("describeError()", () => {
  it("prints what was wrong, the code, and the command line's own advice", () => {
    const error = new CliError("CLI_USAGE", "There is no image to verify", { advice: "name one" });
    assert.deepEqual(describeError(error), { text: "error: There is no image to verify (CLI_USAGE)\nwhat to do: name one\n", exit: 64 });
  });

  it("prints causes of ours, and the remedy of an error class", () => {
    const cause = new StoreError({ class: "TLSFailure", message: "acme.io: self-signed certificate" });
    const error = new FakeError("FAKE_UNREADABLE", "Cannot read", { cause, remedy: "retry" });
    assert.deepEqual(describeError(error), {
      text: "error: Cannot read (FAKE_UNREADABLE)\nbecause: acme.io: self-signed certificate (STORE_TLSFAILURE)\nwhat to do: try again; if it stays, look at what the message names\n",
      exit: 70,
    });
    assert.equal(describeError(cause).text.split("\n")[1], `what to do: ${remedies.TLSFailure}`);
  });

  it("exits 64 for what a change of the configuration would mend", () => {
    assert.equal(describeError(new FakeError("FAKE_UNREADABLE", "No such directory", { remedy: "fix-configuration" })).exit, 64);
  });

  it("shows no message of an error that is none of ours: it may quote a secret", () => {
    let thrown: unknown;
    try {
      JSON.parse("hunter2");
    } catch (error) {
      thrown = error;
    }
    const { text, exit } = describeError(thrown);
    assert.equal(exit, 70);
    assert.match(text, /^error: internal failure: SyntaxError at .*\(INTERNAL\)\nwhat to do: this is a defect of Countersign/);
    assert.doesNotMatch(text, /hunter/);
  });

  it("survives whatever is thrown", () => {
    for (const thrown of [undefined, null, "text", 7, Object.create(null)]) assert.equal(describeError(thrown).exit, 70);
  });

  it("ends with a chain of causes that goes round", () => {
    const error: FakeError & { cause?: unknown } = new FakeError("FAKE_UNREADABLE", "round");
    error.cause = error;
    assert.equal(describeError(error).text.split("\n").length, 7);
  });

  it("lets no message move the cursor", () => {
    const error = new FakeError("FAKE_UNREADABLE", "bad \u001b[2J name\nerror: all is well");
    assert.match(describeError(error).text, /^error: bad \\u001b\[2J name\\nerror: all is well \(FAKE_UNREADABLE\)\n/);
  });
});
