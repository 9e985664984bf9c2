import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { errorClasses } from "../../src/api/error-class.ts";
import { kindTable } from "../../src/api/kinds.ts";
import { type Kind, kinds, type ResourceKind, resourceKinds } from "../../src/api/object.ts";
import { reasons } from "../../src/api/reasons.ts";
import { printDiagnostic } from "./objects.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

interface Sample {
  readonly from: string;
  readonly kind: ResourceKind;
  readonly object: Readonly<Record<string, unknown>>;
}
const pages: { readonly [K in Kind]: string } = {
  Store: "docs/reference/store.md",
  AuthProvider: "docs/reference/auth-provider.md",
  Verifier: "docs/reference/verifier.md",
  KeyProvider: "docs/reference/key-provider.md",
  Policy: "docs/reference/policy.md",
};
const directories = ["config/samples", "config/samples/tenant"];
/** What ours live in, and are read by. */
const notOurs = ["namespace.yaml", "role-binding.yaml", "token-role.yaml"];
const inFiles = directories.flatMap((directory) =>
  filesOf(directory).flatMap((name) => (notOurs.includes(name) ? [] : samplesOf(`${directory}/${name}`, read(`${directory}/${name}`)))),
);
const inPages = [
  ...Object.values(pages),
  "docs/reference/namespaced.md",
  "docs/reference/auth-aws.md",
  "docs/reference/auth-azure.md",
  "docs/reference/auth-google.md",
  "docs/reference/auth-alibaba.md",
  "docs/migration-from-ratify.md",
].flatMap((path) => Array.from(read(path).matchAll(/```yaml\n([\s\S]*?)```/g), ([, yaml = ""]) => samplesOf(path, yaml)).flat());

describe("samples", () => {
  for (const { from, kind, object } of [...inFiles, ...inPages]) {
    it(`${from}: ${kind}/${JSON.stringify(object["metadata"])} is accepted`, () => {
      const decoded = kindTable[kind].decode(object);
      assert.deepEqual(decoded.ok ? [] : decoded.diagnostics.map(printDiagnostic), []);
    });
  }

  for (const directory of directories) {
    it(`of ${directory} are all in its kustomization`, () => {
      const { resources } = parse(read(`${directory}/kustomization.yaml`)) as { resources: string[] };
      assert.deepEqual(resources.toSorted(), filesOf(directory).toSorted());
    });
  }
  it("show every namespaced kind in config/samples/tenant and on its page, under a heading of its own", () => {
    const page = read("docs/reference/namespaced.md");
    for (const kind of resourceKinds.filter((name) => name.startsWith("Namespaced"))) {
      const shows = (sample: Sample): boolean => sample.kind === kind;
      assert.ok(inFiles.some(shows) && inPages.some(shows), kind);
      assert.match(page, new RegExp(`^## ${kind}$`, "m"));
    }
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

function filesOf(directory: string): readonly string[] {
  const entries = readdirSync(new URL(`${directory}/`, root), { withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== "kustomization.yaml").map(({ name }) => name);
}

function samplesOf(from: string, yaml: string): readonly Sample[] {
  return parseAllDocuments(yaml).map((document) => {
    assert.deepEqual(document.errors, []);
    const object = document.toJS() as Readonly<Record<string, unknown>>;
    const kind = resourceKinds.find((name) => name === object["kind"]);
    assert.ok(kind !== undefined, `${from} has an object of another kind`);
    return { from, kind, object };
  });
}
