import { echo } from "../oci/parsed.ts";
import { boundedMessage, type Diagnostic } from "./diagnostic.ts";
import { nearestName } from "./nearest.ts";
import type { IntegerNode, ListNode, MapNode, Schema, StructNode, TextNode, TypeOf } from "./schema.ts";
import { typeName, wording } from "./wording.ts";

/** Enough to repair an object by; more would be noise, and a bound on what a hostile one costs. */
const mostDiagnostics = 16;

/** Where a walk reports; counts everything, keeps the first {@link mostDiagnostics}. */
export class Findings {
  readonly #diagnostics: Diagnostic[] = [];
  #count = 0;

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }
  get count(): number {
    return this.#count;
  }
  get isFull(): boolean {
    return this.#diagnostics.length >= mostDiagnostics;
  }
  report(path: string, message: string, reason = "InvalidSpec"): void {
    this.#count += 1;
    if (!this.isFull) this.#diagnostics.push({ reason, ...(path !== "" && { path }), message: boundedMessage(message) });
  }
}

/**
 * Checks `raw` against the schema as the API server would, fills in defaults, and turns it into its decoded form; undefined if anything in it
 * was reported. Never throws; the work is bounded by the schema and by the number of keys that `raw` itself has.
 */
export function walk<S extends Schema>(schema: S, raw: unknown, path: string, findings: Findings): TypeOf<S> | undefined {
  return walkAt(schema, raw, { path, rulePath: path }, findings);
}

/** The API server names a place in a map in two ways: by its bounds as `labels.team`, and by its rules as `labels[team]`. */
function walkAt<S extends Schema>(
  schema: S,
  raw: unknown,
  { path, rulePath }: { readonly path: string; readonly rulePath: string },
  findings: Findings,
): TypeOf<S> | undefined {
  const before = findings.count;
  const checked = check(schema, raw, path, findings);
  if (findings.count > before) return undefined;
  const { parse } = schema;
  if (parse === undefined) return checked as TypeOf<S>; // the schema is where the type was inferred from, and every part of the value has passed it
  const result = parse(checked as never); // `parsed()` gave it this type
  if (result.ok) return result.value as TypeOf<S>;
  findings.report(rulePath, result.message);
  return undefined;
}

function check(schema: Schema, raw: unknown, path: string, findings: Findings): unknown {
  switch (schema.type) {
    case "string":
      return checkText(schema, raw, path, findings);
    case "integer":
      return checkInteger(schema, raw, path, findings);
    case "boolean":
      if (typeof raw !== "boolean") findings.report(path, wording.wrongType(path, "boolean", typeName(raw)));
      return raw;
    case "array":
      return checkList(schema, raw, path, findings);
    case "map":
      return checkMap(schema, raw, path, findings);
    case "object":
      return checkStruct(schema, raw, path, findings);
  }
}

function checkText(node: TextNode, raw: unknown, path: string, findings: Findings): unknown {
  if (typeof raw !== "string") {
    findings.report(path, wording.wrongType(path, "string", typeName(raw)));
  } else if (node.choices !== undefined) {
    if (!node.choices.includes(raw)) findings.report(path, wording.unsupported(echo(raw), node.choices), node.reason);
  } else if (isLonger(raw, node.maxLength)) {
    findings.report(path, wording.tooLong(node.maxLength));
  } else if (raw.length < (node.minLength ?? 0)) {
    findings.report(path, wording.tooShort(path, node.minLength ?? 0));
  }
  return raw;
}

/** In code points, as the API server counts; a text of many megabytes is not counted to its end. */
function isLonger(text: string, most: number): boolean {
  if (text.length <= most) return false;
  if (text.length > 2 * most) return true;
  return Array.from(text).length > most;
}

function checkInteger(node: IntegerNode, raw: unknown, path: string, findings: Findings): unknown {
  if (typeof raw !== "number" || !Number.isInteger(raw)) findings.report(path, wording.wrongType(path, "integer", typeName(raw)));
  else if (raw < node.minimum) findings.report(path, wording.tooSmall(path, node.minimum));
  else if (raw > node.maximum) findings.report(path, wording.tooLarge(path, node.maximum));
  return raw;
}

function checkList(node: ListNode, raw: unknown, path: string, findings: Findings): unknown {
  if (!Array.isArray(raw)) {
    findings.report(path, wording.wrongType(path, "array", typeName(raw)));
    return raw;
  }
  const items: readonly unknown[] = raw;
  if (items.length > node.maxItems) {
    findings.report(path, wording.tooMany(items.length, node.maxItems));
    return raw;
  }
  if (items.length < (node.minItems ?? 0)) findings.report(path, wording.tooFew(path, node.minItems ?? 0));
  const before = findings.count;
  const values = Array.from(items, (item, at) => walk(node.items, item, `${path}[${at}]`, findings));
  if (findings.count === before) reportDuplicates(node, items, path, findings);
  return values;
}

function reportDuplicates(node: ListNode, items: readonly unknown[], path: string, findings: Findings): void {
  if (node.listType === "atomic") return;
  const keys = node.listType === "set" ? undefined : node.listType.keys;
  const fields = node.items.type === "object" ? node.items.fields : {};
  const seen = new Set<string>();
  for (const [at, item] of items.entries()) {
    const identity =
      keys === undefined
        ? item
        : Object.fromEntries(keys.map((key) => [key, (item as Record<string, unknown>)[key] ?? fields[key]?.default])); // the items have passed as structs
    const shown = JSON.stringify(identity);
    if (seen.has(shown)) findings.report(`${path}[${at}]`, wording.duplicate(typeof identity === "string" ? `"${echo(identity)}"` : shown));
    seen.add(shown);
  }
}

function checkMap(node: MapNode, raw: unknown, path: string, findings: Findings): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    findings.report(path, wording.wrongType(path, "object", typeName(raw)));
    return raw;
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(raw).filter(([, value]) => value !== null);
  if (entries.length > node.maxProperties) {
    findings.report(path, wording.tooMany(entries.length, node.maxProperties));
    return raw;
  }
  const at = (key: string): { readonly path: string; readonly rulePath: string } => ({
    path: `${path}.${key}`,
    rulePath: `${path}[${key}]`,
  });
  return new Map(entries.map(([key, value]) => [key, walkAt(node.values, value, at(echo(key)), findings)]));
}

function checkStruct(node: StructNode, raw: unknown, path: string, findings: Findings): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    findings.report(path, wording.wrongType(path, "object", typeName(raw)));
    return raw;
  }
  reportUnknownFields(Object.keys(node.fields), raw, path, findings);
  const written = new Map<string, unknown>();
  const decoded: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(node.fields)) {
    const at = path === "" ? name : `${path}.${name}`;
    const value = ownValue(raw, name) ?? field.default;
    if (value !== undefined) {
      written.set(name, value);
      decoded[name] = walk(field, value, at, findings);
    } else if (field.presence === "present") findings.report(at, wording.required);
  }
  for (const { judge, requires } of node.rules) {
    const said = judge(written);
    if (said !== undefined && requires !== undefined) findings.report(`${path}.${requires}`, `${wording.required}: ${said}`);
    else if (said !== undefined) findings.report(path, said);
  }
  return decoded;
}

/** A field of a record; undefined where `raw` is none. `null` is absence, as the API server prunes it; only own properties count: `__proto__` is a key like any other. */
export function ownValue(raw: unknown, name: string): unknown {
  if (typeof raw !== "object" || raw === null || !Object.hasOwn(raw, name)) return undefined;
  const value: unknown = (raw as Record<string, unknown>)[name];
  return value === null ? undefined : value;
}

/** Reports the keys of `raw` that are not `known`, with the known one that was probably meant. */
export function reportUnknownFields(known: readonly string[], raw: object, path: string, findings: Findings): void {
  for (const name of Object.keys(raw)) {
    if (known.includes(name)) continue;
    const shown = `${path === "" ? "" : `${path}.`}${echo(name)}`;
    findings.report(shown, wording.unknownField(shown, findings.isFull ? undefined : nearestName(name, known)));
  }
}
