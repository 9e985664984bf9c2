import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { errorClasses } from "../../src/api/error-class.ts";
import { kindTable } from "../../src/api/kinds.ts";
import { type Kind, kinds } from "../../src/api/object.ts";
import { reasons } from "../../src/api/reasons.ts";
import { printDiagnostic } from "./objects.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

interface Sample {
  readonly from: string;
  readonly kind: Kind;
  readonly object: Readonly<Record<string, unknown>>;
}
const pages: { readonly [K in Kind]: string } = {
  Store: "docs/reference/store.md",
  AuthProvider: "docs/reference/auth-provider.md",
  Verifier: "docs/reference/verifier.md",
  KeyProvider: "docs/reference/key-provider.md",
  Policy: "docs/reference/policy.md",
};
const files = readdirSync(new URL("config/samples/", root)).filter((name) => name !== "kustomization.yaml");
const inFiles = files.flatMap((name) => samplesOf(`config/samples/${name}`, read(`config/samples/${name}`)));
const inPages = Object.values(pages).flatMap((path) =>
  Array.from(read(path).matchAll(/```yaml\n([\s\S]*?)```/g), ([, yaml = ""]) => samplesOf(path, yaml)).flat(),
);

describe("samples", () => {
  for (const { from, kind, object } of [...inFiles, ...inPages]) {
    it(`${from}: ${kind}/${JSON.stringify(object["metadata"])} is accepted`, () => {
      const decoded = kindTable[kind].decode(object);
      assert.deepEqual(decoded.ok ? [] : decoded.diagnostics.map(printDiagnostic), []);
    });
  }

  it("of config/samples are all in its kustomization", () => {
    assert.deepEqual((parse(read("config/samples/kustomization.yaml")) as { resources: string[] }).resources, files.toSorted());
  });

  for (const kind of kinds) {
    const { spec } = kindTable[kind];
    const type = spec.type === "object" ? spec.fields["type"] : undefined;
    for (const name of type?.type === "string" ? (type.choices ?? []) : []) {
      it(`show ${kind} of type ${name} in config/samples and on its page, under a heading of its own`, () => {
        const shows = (sample: Sample): boolean => sample.kind === kind && (sample.object["spec"] as { type?: string }).type === name;
        assert.ok(inFiles.some(shows) && inPages.some(shows));
        assert.match(read(pages[kind]), new RegExp(`^### ${name}$`, "m"));
      });
    }
  }
});

describe("docs/reference/reasons.md", () => {
  const page = read("docs/reference/reasons.md");
  it("has a row for every reason and every error class", () => {
    const missing = [...Object.keys(reasons), ...errorClasses].filter((name) => !page.includes(`| \`${name}\` | `));
    assert.deepEqual(missing, []);
  });
  it("says one sentence of each", () => {
    for (const { means } of Object.values(reasons)) assert.match(means, /^[A-Z`].*\.$/);
  });
});

function samplesOf(from: string, yaml: string): readonly Sample[] {
  return parseAllDocuments(yaml).map((document) => {
    assert.deepEqual(document.errors, []);
    const object = document.toJS() as Readonly<Record<string, unknown>>;
    const kind = kinds.find((name) => name === object["kind"]);
    assert.ok(kind !== undefined, `${from} has an object of another kind`);
    return { from, kind, object };
  });
}
