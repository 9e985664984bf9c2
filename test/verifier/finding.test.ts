import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { RejectionReason } from "../../src/engine/verifier.ts";
import { nearestRejection, reject } from "../../src/verifier/cosign/finding.ts";

/** Total by its type: a reason that is new does not compile until it is here, and then has to be documented. */
const reasons: Readonly<Record<RejectionReason, true>> = {
  AnnotationMissing: true,
  BadSignature: true,
  NoTrustedKey: true,
  WrongSubject: true,
  UnsupportedAlgorithm: true,
  UnsupportedFormat: true,
  Malformed: true,
  NotASignature: true,
  Unsigned: true,
};
const isReason = (word: string): word is RejectionReason => Object.hasOwn(reasons, word);

/** The reasons that the table of a page has, in its order. */
function documented(page: string): readonly string[] {
  const text = readFileSync(new URL(`../../docs/reference/${page}`, import.meta.url), "utf8");
  const [, section = ""] = text.split("## Why an artifact was rejected");
  const [table = ""] = section.split("\n## ");
  return Array.from(table.matchAll(/^\| `(\w+)` \|/gm), ([, word = ""]) => word);
}

describe("docs/reference/verifier.md", () => {
  it("has every reason for which an artifact is rejected, and no other", () => {
    assert.deepEqual(documented("verifier.md").toSorted(), Object.keys(reasons).toSorted());
  });
});

describe("nearestRejection()", () => {
  const order = documented("verifier-cosign.md").filter(isReason);
  it("gives the nearest in the order of the page, whichever comes first", () => {
    assert.ok(order.length > 5);
    for (const [at, near] of order.entries()) {
      for (const far of order.slice(at + 1)) {
        const pair = [reject(near, "near"), reject(far, "far")];
        for (const findings of [pair, pair.toReversed()]) assert.equal(nearestRejection(findings)?.message, "near", `${near}, ${far}`);
      }
    }
  });
  it("gives the first of equals", () => {
    assert.equal(nearestRejection([reject("Malformed", "first"), reject("Malformed", "second")])?.message, "first");
  });
  it("gives none where nothing was rejected", () => {
    assert.equal(nearestRejection([{ outcome: "unjudged", cause: "tries" }]), undefined);
  });
});
