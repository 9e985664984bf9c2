/**
 * `npm run generate`: writes what follows from src/api — config/crd/*.yaml, and in docs/reference/*.md the text between the markers
 * `<!-- generated: … -->` and `<!-- end -->`. `--check` writes nothing, names every file that differs, and fails if one does.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
import { conditionTypes } from "../src/api/condition.ts";
import { toCrd } from "../src/api/crd.ts";
import { errorClasses, remedies } from "../src/api/error-class.ts";
import { type KindRow, kindTable } from "../src/api/kinds.ts";
import { kinds } from "../src/api/object.ts";
import { reasons } from "../src/api/reasons.ts";
import { differenceTable, fieldTable, statusTable } from "./field-table.ts";

const root = new URL("..", import.meta.url);
const rows: readonly KindRow[] = Object.values(kindTable);
const yamlHeader = "# Generated from src/api by `npm run generate`; do not edit.\n";

/** Every generated file by its path from the repository's root; what stands around the markers is taken from the file as it is. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const row of rows) files.set(`config/crd/${row.plural}.yaml`, toYaml(toCrd(row)));
  const resources = rows.map((row) => `${row.plural}.yaml`).toSorted();
  files.set("config/crd/kustomization.yaml", toYaml({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources }));
  for (const row of kinds.map((kind) => kindTable[kind])) {
    const path = `docs/reference/${row.kind.replaceAll(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.md`;
    files.set(path, await fill(path, { spec: fieldTable(row), status: statusTable(row) }));
  }
  const twins = kinds.map((kind) => [`Namespaced${kind}`, differenceTable(kindTable[`Namespaced${kind}`], kindTable[kind])] as const);
  files.set("docs/reference/namespaced.md", await fill("docs/reference/namespaced.md", Object.fromEntries(twins)));
  files.set("docs/reference/reasons.md", await fill("docs/reference/reasons.md", reasonTables()));
  return files;
}

function toYaml(value: unknown): string {
  return yamlHeader + stringify(value, { lineWidth: 140, blockQuote: "literal", aliasDuplicateObjects: false });
}

function reasonTables(): Readonly<Record<string, string>> {
  const tables = conditionTypes.map((type) => {
    const lines = Object.entries(reasons).filter(([, { conditions }]) => (conditions as readonly string[]).includes(type));
    return [
      type,
      ["| Reason | Means |", "|---|---|", ...lines.map(([name, { means }]) => `| \`${name}\` | ${means} |`)].join("\n"),
    ] as const;
  });
  const classes = errorClasses.map((name) => `| \`${name}\` | ${remedies[name]}. |`);
  return { ...Object.fromEntries(tables), errors: ["| Class | What to do |", "|---|---|", ...classes].join("\n") };
}

async function fill(path: string, parts: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(new URL(path, root), "utf8");
  return text.replaceAll(/(<!-- generated: ([A-Za-z]+) -->\n)[\s\S]*?(<!-- end -->)/g, (all, start: string, name: string, end: string) => {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    return part === undefined ? all : `${start}\n${part}\n\n${end}`;
  });
}

/** Paths of the checked-in files that are not what `npm run generate` would write. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, content] of await generatedFiles()) {
    const present = await readFile(new URL(path, root), "utf8").catch(() => undefined);
    if (present !== content) stale.push(path);
  }
  return stale;
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const stale = await staleFiles();
    for (const path of stale) console.error(`${path} is not up to date: run "npm run generate"`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [path, content] of await generatedFiles()) {
      const url = new URL(path, root);
      await mkdir(dirname(url.pathname), { recursive: true });
      await writeFile(url, content);
    }
  }
}
