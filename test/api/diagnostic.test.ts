import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { boundedMessage } from "../../src/api/diagnostic.ts";

describe("boundedMessage()", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["leaves a short message alone", "Größe: 7", "Größe: 7"],
    ["leaves 256 bytes alone", "a".repeat(256), "a".repeat(256)],
    ["cuts 257 bytes", "a".repeat(257), `${"a".repeat(253)}...`],
    ["cuts between characters", "é".repeat(200), `${"é".repeat(126)}...`],
    ["shows no control character, no line break and no change of direction", "a\nb\u0000\u202e\u2028c", "a?b???c"],
  ];
  for (const [name, message, bounded] of table) it(name, () => assert.equal(boundedMessage(message), bounded));

  it("never answers more than 256 bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (message) => assert.ok(Buffer.byteLength(boundedMessage(message)) <= 256)),
    );
  });
});
