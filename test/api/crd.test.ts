import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toCrd, toOpenApi } from "../../src/api/crd.ts";
import { type KindRow, kindTable } from "../../src/api/kinds.ts";
import { resourceKinds } from "../../src/api/object.ts";
import { choice, integer, list, optional, struct, text } from "../../src/api/schema.ts";
import { generatedFiles, staleFiles } from "../../scripts/generate.ts";
import { structuralProblems } from "./structural-schema.ts";

const rows: readonly KindRow[] = Object.values(kindTable);

describe("toCrd()", () => {
  for (const row of rows) {
    it(`makes of ${row.kind} a structural schema with bounds, descriptions and list types everywhere`, () => {
      const problems = structuralProblems(schemaOf(row));
      assert.deepEqual(problems, []);
    });
    it(`makes of ${row.kind} a kind of its scope and of the category, with a status, its default and a selectable type`, () => {
      const spec = path(toCrd(row), "spec");
      assert.equal(path(spec, "scope"), row.kind.startsWith("Namespaced") ? "Namespaced" : "Cluster");
      assert.deepEqual(path(spec, "names", "categories"), ["countersign"]);
      assert.deepEqual(path(spec, "versions", "0", "subresources"), { status: {} });
      const selectable = row.base === "Policy" ? undefined : [{ jsonPath: ".spec.type" }];
      assert.deepEqual(path(spec, "versions", "0", "selectableFields"), selectable);
      assert.deepEqual(path(schemaOf(row), "properties", "status", "default"), { observedGeneration: -1 });
    });
  }

  it("has the columns of `kubectl get stores`", () => {
    const shown = kindTable.Store.columns.map(({ name, priority }) => (priority === undefined ? name.toUpperCase() : name));
    assert.deepEqual(shown, ["READY", "REASON", "REGISTRY", "AUTH", "CHECKED", "AGE", "Failures", "Last-OK", "Latency-ms", "Message"]);
  });

  it("has one row a kind, with names that nobody else here has", () => {
    assert.deepEqual(Object.keys(kindTable), [...resourceKinds]);
    const names = Object.values(kindTable).flatMap((row) => [row.plural, row.singular, row.shortName]);
    assert.equal(new Set(names).size, names.length);
  });
});

describe("toOpenApi()", () => {
  it("requires what has neither a default nor `optional`", () => {
    const schema = struct("A thing.", {
      name: text("Its name.", { maxLength: 5 }),
      size: integer("Its size.", { minimum: 1, maximum: 9, default: 3 }),
      colour: optional(choice("Its colour.", ["red", "green"])),
      parts: list("Its parts.", text("A part.", { maxLength: 3 }), { maxItems: 2, listType: "set", default: [] }),
    });
    assert.deepEqual(toOpenApi(schema), {
      description: "A thing.",
      type: "object",
      required: ["name"],
      properties: {
        name: { description: "Its name.", type: "string", maxLength: 5 },
        size: { description: "Its size.", type: "integer", minimum: 1, maximum: 9, default: 3 },
        colour: { description: "Its colour.", type: "string", enum: ["red", "green"], maxLength: 5 },
        parts: {
          description: "Its parts.",
          type: "array",
          "x-kubernetes-list-type": "set",
          maxItems: 2,
          default: [],
          items: { description: "A part.", type: "string", maxLength: 3 },
        },
      },
    });
  });
});

describe("npm run generate", () => {
  it("would change no file that is checked in", async () => {
    assert.deepEqual(await staleFiles(), []);
  });
  it("writes a CRD of each kind, and the pages", async () => {
    const paths = [...(await generatedFiles()).keys()];
    assert.ok(rows.every((row) => paths.includes(`config/crd/${row.plural}.yaml`)));
    assert.ok(paths.includes("docs/reference/auth-provider.md"));
  });
});

describe("structuralProblems()", () => {
  const good = { type: "object", description: "A thing.", properties: { a: { type: "string", description: "A.", maxLength: 3 } } };
  const table: readonly (readonly [string, object, RegExp])[] = [
    ["a string without a bound", { a: { type: "string", description: "A." } }, /^\.a: has no maxLength$/],
    ["a field without a description", { a: { type: "boolean" } }, /^\.a: has no description/],
    ["a union", { a: { anyOf: [] } }, /^\.a: has no type/],
    [
      "a map without bounds",
      { a: { type: "object", description: "A.", additionalProperties: good.properties.a } },
      /maxProperties.*\n.*keys/,
    ],
    ["a map of anything", { a: { type: "object", description: "A.", additionalProperties: { type: "object" } } }, /texts/],
    [
      "a list without a list type",
      { a: { type: "array", description: "A.", maxItems: 2, items: good.properties.a } },
      /x-kubernetes-list-type/,
    ],
    ["a pattern beside rules", { a: { ...good.properties.a, pattern: "a" } }, /"pattern" is not allowed/],
    ["a namespace", { namespace: good.properties.a }, /has a field "namespace"/],
    ["a rule without a message", { a: { ...good.properties.a, "x-kubernetes-validations": [{ rule: "true" }] } }, /without a message/],
  ];
  it("finds nothing in a good schema", () => assert.deepEqual(structuralProblems(good), []));
  for (const [name, properties, problem] of table) {
    it(`finds ${name}`, () => assert.match(structuralProblems({ ...good, properties }).join("\n"), problem));
  }
});

function schemaOf(row: KindRow): unknown {
  return path(toCrd(row), "spec", "versions", "0", "schema", "openAPIV3Schema");
}
function path(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], value);
}
