import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SetRevision } from "../../src/snapshot/revision.ts";

const members = fc.array(fc.string());

function revisionOfSet(texts: Iterable<string>): string {
  const made = new SetRevision();
  for (const text of texts) made.add(text);
  return made.toString();
}

test("SetRevision depends on what is in it and not on the order, nor on what was in it before", () => {
  fc.assert(
    fc.property(members, members, (kept, passing) => {
      const made = new SetRevision();
      for (const text of [...passing, ...kept.toReversed()]) made.add(text);
      for (const text of passing.toReversed()) made.remove(text);
      assert.equal(made.toString(), revisionOfSet(kept));
    }),
  );
});

test("SetRevision tells sets apart that differ in one member, or in how often they have it", () => {
  fc.assert(
    fc.property(members, fc.string(), (texts, more) => {
      assert.notEqual(revisionOfSet([...texts, more]), revisionOfSet(texts));
    }),
  );
});
