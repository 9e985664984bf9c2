import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { boundedMessage } from "../api/diagnostic.ts";

/** A file, or a document in it, that cannot be used: shown to whoever edits it. Holds nothing of the content but names of kinds, objects and keys. */
export interface ManifestProblem {
  readonly file: string;
  /** ≤ 256 bytes; begins with `line:column: ` where the place is known. */
  readonly message: string;
  /** Objects may stand there that nobody has ever read: what was read last does not stay in their place. */
  readonly leavesOut?: true;
}

/** One object as it stands in a file. */
export interface ManifestObject {
  readonly file: string;
  /** Of its document, from 1. */
  readonly line: number;
  readonly column: number;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface ParsedFile {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

/** Aliases that a document may resolve, nested ones counted as often as they unfold: more than a person writes is an attempt to fill the memory. */
const maxAliases = 100;
const maxDocuments = 10_000;
/** Kubernetes objects are some ten levels deep; whatever walks one recursively is safe below this. */
const maxDepth = 64;

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Parses one file of YAML 1.2 (or JSON, which is YAML), with merge keys, as kubectl takes it; a `List` is its items. Every document is read, so that all
 * problems are shown at once; whether any of a file with problems is used is the caller's to say. Never throws.
 */
export function parseManifests(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  let documents: readonly Document[];
  try {
    const parsed = parseAllDocuments(text, { uniqueKeys: true, lineCounter: lines, merge: true, prettyErrors: false });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch {
    // The parser is recursive: what is nested a thousandfold ends its stack. That is the only way for it to throw.
    return { objects: [], problems: [problemAt({ file, line: 1, column: 1 }, "is nested too deeply")] };
  }
  if (documents.length > maxDocuments) {
    return { objects: [], problems: [problemAt({ file, line: 1, column: 1 }, `has more than ${maxDocuments} documents`)] };
  }
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = [];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const document of documents) {
    const [error] = document.errors;
    const start = place(document.contents?.range?.[0] ?? document.range?.[0] ?? 0);
    if (error !== undefined) {
      problems.push(problemAt(place(error.pos[0]), describe(error)));
      continue;
    }
    const value = toValue(document);
    if (!value.ok) problems.push(problemAt(start, value.message));
    else if (value.value !== undefined && value.value !== null) collect(start, value.value, { objects, problems });
  }
  return { objects, problems };
}

/** Errors of the parser whose text is a sentence of its own, with at most one character of the file in it. */
const fixedTexts: ReadonlySet<string> = new Set([
  "ALIAS_PROPS",
  "BAD_INDENT",
  "BAD_PROP_ORDER",
  "BAD_SCALAR_START",
  "BLOCK_AS_IMPLICIT_KEY",
  "BLOCK_IN_FLOW",
  "DUPLICATE_KEY",
  "KEY_OVER_1024_CHARS",
  "MISSING_CHAR",
  "MULTILINE_IMPLICIT_KEY",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "TAB_AS_INDENT",
]);

/** The file may be a Secret's: of what the parser says, only what quotes nothing is repeated. A password that begins with `|`, `>` or `!` is read as syntax. */
function describe({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === "RESOURCE_EXHAUSTION") return "is nested too deeply";
  if (fixedTexts.has(code)) return message;
  if (code === "TAG_RESOLVE_FAILED") return 'has a tag that is not known; a text that begins with "!" needs quotes';
  if (code === "BAD_DQ_ESCAPE") return 'has an escape sequence that does not exist; write "\\\\" for a backslash in double quotes';
  if (code === "UNEXPECTED_TOKEN")
    return 'has something where nothing may stand; a text that begins with a special character, such as "|" or ">", needs quotes';
  return "is not YAML";
}

/** A problem with its place in front. */
export function problemAt({ file, line, column }: Place, message: string): ManifestProblem {
  return { file, message: boundedMessage(`${line}:${column}: ${message}`) };
}

function toValue(document: Document): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    return {
      ok: false,
      message: error instanceof ReferenceError ? "has an alias without an anchor, or too many aliases" : "is nested too deeply",
    };
  }
  return isDeeper(value, maxDepth) ? { ok: false, message: `is nested more than ${maxDepth} levels deep` } : { ok: true, value };
}

/** Level by level, not recursively; an alias into what holds it is endlessly deep, and found here too. */
function isDeeper(value: unknown, most: number): boolean {
  let level: readonly object[] = typeof value === "object" && value !== null ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= most) return true;
    const next = new Set<object>(); // a shared part is looked at once a level, or a thousand aliases would be a thousand copies
    for (const item of level)
      for (const member of Object.values(item) as unknown[]) if (typeof member === "object" && member !== null) next.add(member);
    level = [...next];
  }
  return false;
}

function collect(place: Place, value: unknown, into: { readonly objects: ManifestObject[]; readonly problems: ManifestProblem[] }): void {
  if (isKustomize(value)) return;
  const found = identify(place, value);
  if (typeof found === "string") into.problems.push(problemAt(place, found));
  else if (found.kind === "List") for (const item of itemsOf(found.object)) collect(place, item, into);
  else into.objects.push(found);
}

/** kustomize's own files lie among what they list, and are no objects: they have no name. */
function isKustomize(value: unknown): boolean {
  const version = isRecord(value) ? value["apiVersion"] : undefined;
  return typeof version === "string" && version.startsWith("kustomize.config.k8s.io/");
}

function identify(place: Place, value: unknown): ManifestObject | string {
  if (!isRecord(value)) return "is not an object with apiVersion, kind and metadata";
  const { apiVersion, kind } = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (typeof apiVersion !== "string" || typeof kind !== "string" || apiVersion === "" || kind === "") return "has no apiVersion and kind";
  const shared = { ...place, apiVersion, kind, object: value };
  if (kind === "List") return { ...shared, name: "", namespace: undefined };
  const metadata: { readonly name?: unknown; readonly namespace?: unknown } = isRecord(value["metadata"]) ? value["metadata"] : {};
  const { name, namespace } = metadata;
  if (typeof name !== "string" || name === "") return `${kind} has no metadata.name`;
  if (namespace !== undefined && typeof namespace !== "string") return `${kind}/${name} has a metadata.namespace that is not a string`;
  return { ...shared, name, namespace: namespace === "" ? undefined : namespace };
}

/** A `List` without items is one with something forgotten; each of its items is then "not an object". */
function itemsOf(list: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(list["items"]) ? list["items"] : [undefined];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
