import { createHash } from "node:crypto";
import { LineCounter, parseAllDocuments } from "yaml";

/** A document that cannot be used, and where it is: shown to whoever edits it. */
export interface ManifestProblem {
  readonly file: string;
  /** Begins with `line:column: ` where the place is known. */
  readonly message: string;
}

/** One object of a file, before it gets the metadata that an API server would give it. */
export interface ManifestObject {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface ParsedFile {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

/** More aliases than a person writes are an attempt to fill the memory. */
const maxAliases = 100;
const maxDocuments = 10_000;

/** Parses one file of YAML (or JSON, which is YAML). A document that does not parse is a problem; the others of the file are kept out of it too. */
export function parseManifests(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { uniqueKeys: true, lineCounter: lines, version: "1.2", merge: false });
  if (!Array.isArray(documents)) return { objects: [], problems: [] };
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = [];
  if (documents.length > maxDocuments) return { objects, problems: [{ file, message: `has more than ${maxDocuments} documents` }] };
  for (const document of documents) {
    const start = lines.linePos(document.range[0]);
    const [error] = document.errors;
    if (error !== undefined) {
      const at = error.linePos?.[0] ?? start;
      problems.push({ file, message: `${at.line}:${at.col}: ${firstLine(error.message)}` });
      continue;
    }
    const value = toValue(document);
    if (value === undefined || value === null) continue; // a separator, or comments only
    const found = identify(file, value);
    if (typeof found === "string") problems.push({ file, message: `${start.line}:${start.col}: ${found}` });
    else objects.push(...found);
  }
  return { objects, problems };
}

function toValue(document: { toJS(options: { readonly maxAliasCount: number }): unknown }): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch {
    return "an alias that is unresolved, or used too often"; // becomes "is not an object" below
  }
}

/** A `List` is its items, as for kubectl. */
function identify(file: string, value: unknown): readonly ManifestObject[] | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is not an object with apiVersion, kind and metadata";
  const object = value as Readonly<Record<string, unknown>>; // a YAML mapping with string keys; every member is checked before use
  const { kind, metadata, items } = object as { readonly kind?: unknown; readonly metadata?: unknown; readonly items?: unknown };
  if (typeof kind !== "string" || typeof object["apiVersion"] !== "string") return "has no apiVersion and kind";
  if (kind === "List" && Array.isArray(items)) {
    const found = items.map((item) => identify(file, item));
    const problem = found.find((item) => typeof item === "string");
    return problem ?? found.flatMap((item) => (typeof item === "string" ? [] : item));
  }
  const { name, namespace } = (typeof metadata === "object" && metadata !== null ? metadata : {}) as {
    name?: unknown;
    namespace?: unknown;
  };
  if (typeof name !== "string" || name === "") return "has no metadata.name";
  if (namespace !== undefined && typeof namespace !== "string") return "has a metadata.namespace that is not a string";
  return [{ file, kind, name, namespace, object }];
}

function firstLine(message: string): string {
  const [line = ""] = message.split("\n");
  return line.replace(/ at line \d+, column \d+:?$/, "");
}

/** Short hash of content: a file's version of `resourceVersion`. */
export function contentHash(value: unknown): string {
  return createHash("sha256")
    .update(typeof value === "string" ? value : JSON.stringify(value))
    .digest("hex")
    .slice(0, 16);
}
