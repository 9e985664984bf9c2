import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readPath, toTable } from "../../src/cli/columns.ts";
import type { ObjectRow } from "../../src/cli/ports.ts";
import { renderTable } from "../../src/cli/table.ts";
import { now, stores } from "./fixtures.ts";

function row(object: unknown, creationTime = now - 60_000): ObjectRow {
  return { kind: "Store", name: "a", creationTime, object };
}
const cells = (object: unknown, creationTime?: number): readonly string[] | undefined =>
  toTable("Store", [row(object, creationTime)], { wide: false, now }).rows[0];

describe("toTable()", () => {
  it("has the columns of the design's table", () => {
    assert.deepEqual(toTable("Store", stores, { wide: false, now }).columns, [
      "Name",
      "Ready",
      "Reason",
      "Registry",
      "Auth",
      "Checked",
      "Age",
    ]);
  });

  it("leaves columns of dates out where there is no time to count from", () => {
    assert.deepEqual(toTable("Store", stores, { wide: false }).rows[0], ["production", "True", "Succeeded", "acme.azurecr.io (+3)", "acr"]);
  });

  it("leaves the cells of an object without status blank, and dates it by what the source knows", () => {
    assert.deepEqual(cells({ metadata: { name: "a" } }), ["a", "", "", "", "", "", "60s"]);
  });

  it("shows what a field means that is left out, as the API server would have written it", () => {
    const policies = [{}, { enforcement: "Warn" }, { enforcement: 7 }].map((spec) => ({ ...row({ spec }), kind: "Policy" as const }));
    const enforcement = (options: { readonly wide: boolean }): readonly (string | undefined)[] => {
      const { columns, rows } = toTable("Policy", policies, options);
      return rows.map((cells) => cells[columns.indexOf("Enforcement")]);
    };
    assert.deepEqual(enforcement({ wide: false }), ["Enforce", "Warn", ""]);
    const { columns, rows } = toTable("NamespacedPolicy", policies.slice(0, 1), { wide: true });
    assert.equal(rows[0]?.[columns.indexOf("On-Inconclusive")], "Deny");
  });

  it("prints <unknown> for an age that nobody knows", () => assert.equal(cells({}, 0)?.at(-1), "<unknown>"));

  const dates: readonly (readonly [value: unknown, cell: string, why: string])[] = [
    ["2026-01-01T11:59:51Z", "9s", "a time"],
    ["2026-01-01T12:59:51+01:00", "9s", "a time of another zone"],
    ["2026-01-01T12:00:09Z", "<invalid>", "a time to come"],
    ["yesterday", "<invalid>", "no time"],
    ["2026-13-01T00:00:00Z", "<invalid>", "a thirteenth month"],
    ["", "<unknown>", "an empty string is Go's zero time"],
    [null, "", "null"],
    [7, "", "a number"],
  ];
  for (const [value, cell, why] of dates)
    it(`prints "${cell}" in a date column: ${why}`, () => assert.equal(cells({ status: { lastCheckTime: value } })?.[5], cell));

  it("leaves a string column blank for another type", () => assert.equal(cells({ status: { registry: { toString: "x" } } })?.[3], ""));

  it("gives with renderTable() what kubectl get prints", () => {
    assert.equal(
      renderTable(toTable("Store", stores, { wide: true, now })),
      [
        "NAME         READY   REASON                 REGISTRY               AUTH   CHECKED   AGE   FAILURES   LAST-OK   LATENCY-MS   MESSAGE\n",
        "production   True    Succeeded              acme.azurecr.io (+3)   acr    2m5s      3d    0          2m5s      41           4 of 4 registries answered\n",
        "mirror       False   AuthenticationFailed   mirror.acme.io         -      9s        3d    3                                 mirror.acme.io answered 401\n",
      ].join(""),
    );
  });
});

describe("readPath()", () => {
  const object = { status: { conditions: [{ type: "Ready", status: "True" }, 7, null], size: 3 } };
  const rows: readonly (readonly [path: string, value: unknown, why: string])[] = [
    [".status.size", 3, "a member of a member"],
    ['.status.conditions[?(@.type=="Ready")].status', "True", "the element whose member is equal"],
    ['.status.conditions[?(@.type=="Stalled")].status', undefined, "no such element"],
    ['.status.size[?(@.type=="Ready")].status', undefined, "a filter on what is no list"],
    [".spec.type", undefined, "a member of nothing"],
    [".constructor.name", undefined, "what an object inherits is none of its members"],
  ];
  for (const [path, value, why] of rows) it(`reads ${path}: ${why}`, () => assert.equal(readPath(object, path), value));
});
