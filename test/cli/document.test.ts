import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { printDocument } from "../../src/cli/document.ts";
import { hasUnsafe } from "../../src/cli/escape.ts";

const hostile = { "k\u202ey": "\u001b[2J\u009b31m", list: ["a\tb", "two\nlines", "\ud800"] };

describe("printDocument()", () => {
  it("prints JSON that holds the value and no character a terminal would act on", () => {
    const text = printDocument(hostile, "json");
    assert.deepEqual(JSON.parse(text), hostile);
    assert.equal(hasUnsafe(text.replaceAll("\n", "")), false);
  });

  it("prints YAML that holds the value and no character a terminal would act on", () => {
    const text = printDocument(hostile, "yaml");
    assert.deepEqual(parse(text), hostile);
    assert.equal(hasUnsafe(text.replaceAll("\n", "")), false);
  });

  it("keeps a text of several lines readable in YAML", () => {
    assert.equal(printDocument({ publicKey: "-----BEGIN\nAAAA\n-----END\n" }, "yaml"), "publicKey: |\n  -----BEGIN\n  AAAA\n  -----END\n");
  });

  it("quotes what a YAML 1.1 reader would take for a time, a number or a truth value", () => {
    assert.equal(
      printDocument({ a: "2026-01-01T00:00:00Z", b: "on", c: "1e3", d: "1:30" }, "yaml"),
      'a: "2026-01-01T00:00:00Z"\nb: "on"\nc: "1e3"\nd: "1:30"\n',
    );
  });

  it("gives back in either format what it was given", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(JSON.parse(printDocument(value, "json")), plain);
        assert.deepEqual(parse(printDocument(value, "yaml"), { version: "1.1", maxAliasCount: 0 }), plain);
      }),
      { numRuns: 200, interruptAfterTimeLimit: 2000 },
    );
  });
});
