import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { toReportDocument } from "../../src/cli/report-document.ts";
import { type JsonSchema, violations } from "../support/json-schema.ts";
import { reports } from "./fixtures.ts";

const schema = JSON.parse(readFileSync(new URL("../../docs/reference/report-v1.schema.json", import.meta.url), "utf8")) as JsonSchema;

describe("docs/reference/report-v1.schema.json", () => {
  for (const [image, report] of reports)
    it(`describes every member of the report of ${image.slice(0, 60)}`, () => {
      const explanation = { image, reference: null, stores: [], policies: [] };
      assert.deepEqual(violations(schema, toReportDocument(report, explanation), { closed: true }), []);
    });

  it("notices a member that is missing, one that is not described, and a value that is none of the words", () => {
    const [report] = reports.values();
    assert.ok(report);
    const { summary: _, ...document } = toReportDocument(report, { image: "", reference: null, stores: [], policies: [] });
    assert.deepEqual(violations(schema, { ...document, verdict: "yes", surplus: 1 }, { closed: true }).toSorted(), [
      "/summary: is missing",
      "/surplus: is not in the schema",
      '/verdict: "yes" is none of ["allow","deny","inconclusive"]',
    ]);
  });
});
