import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultLimits } from "../../src/api/store.ts";
import { limitExceeded } from "../../src/engine/limits.ts";

const limits = defaultLimits;

describe("limitExceeded()", () => {
  it("says what happened, which limit it is, and of which Store", () => {
    assert.deepEqual(limitExceeded("a.io lists more pages", { limit: "pages", limits, store: "production" }), {
      class: "LimitExceeded",
      message: "a.io lists more pages (limits.pages of Store/production: 100)",
    });
  });
  it("names a Store of a namespace as kubectl does", () => {
    assert.match(
      limitExceeded("too many", { limit: "artifacts", limits, store: "team-a/own" }).message,
      /of NamespacedStore\/team-a\/own: 64\)$/,
    );
  });
  it("cuts what happened rather than which limit, at 256 bytes and between characters", () => {
    const { message } = limitExceeded("é".repeat(300), { limit: "totalBytes", limits, store: "production" });
    assert.ok(Buffer.byteLength(message) <= 256);
    assert.match(message, /^é+\.\.\. \(limits\.totalBytes of Store\/production: 67108864\)$/);
  });
});
