import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { exactPatternClauses, hostClauses, patternClauses, repositoryClauses } from "../../src/api/pattern-clauses.ts";
import { type Clause, judgeText } from "../../src/api/text-rule.ts";
import type { Parsed } from "../../src/oci/parsed.ts";
import { parsePattern } from "../../src/oci/pattern.ts";
import { parseRegistryHost, parseRepository } from "../../src/oci/repository.ts";
import { nearPatterns } from "./pattern-texts.ts";

const grammars: readonly (readonly [string, readonly Clause[], (text: string) => Parsed<unknown>])[] = [
  ["patternClauses", patternClauses, parsePattern],
  ["repositoryClauses", repositoryClauses, parseRepository],
  ["hostClauses", hostClauses, parseRegistryHost],
];

describe("the grammar in CEL's words", () => {
  for (const [name, clauses, parse] of grammars) {
    it(`${name} refuse what the parser refuses, in its words`, () => {
      fc.assert(
        fc.property(nearPatterns, (text) => {
          const result = parse(text);
          assert.equal(judgeText(clauses, text), result.ok ? undefined : result.message);
        }),
        { numRuns: Number(process.env["NUM_RUNS"] ?? 3000) },
      );
    });
  }

  it("judgeText() of exactPatternClauses refuses a wildcard that a pattern may have", () => {
    assert.equal(judgeText(patternClauses, "*.azurecr.io"), undefined);
    assert.equal(judgeText(exactPatternClauses, "*.azurecr.io"), '"*.azurecr.io" has "*" in it; a rewrite begins with an exact host');
  });
});
