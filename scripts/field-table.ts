import type { KindRow } from "../src/api/kinds.ts";
import type { Schema } from "../src/api/schema.ts";

/** Every field of `spec` as a Markdown table: path, what may be written there, default, and what it is for. */
export function fieldTable(row: KindRow): string {
  return table(row.spec, "spec");
}

/** Every field of `status`, likewise. */
export function statusTable(row: KindRow): string {
  return table(row.status, "status");
}

/** The fields of a twin's `spec` that are not as the cluster-scoped kind has them, and those that it has not. */
export function differenceTable(twin: KindRow, cluster: KindRow): string {
  const [own, others] = [rowsOf(twin.spec, "spec"), rowsOf(cluster.spec, "spec")];
  const known = new Set(others.map((row) => row.join("|")));
  const kept = new Set(own.map(([field]) => field));
  const changed = own.filter((row) => !known.has(row.join("|")));
  const lost = others.flatMap(([field]) => (field === undefined || kept.has(field) ? [] : [field]));
  const inner = (field: string): boolean =>
    lost.some((other) => field.startsWith(`${other.slice(0, -1)}.`) || field.startsWith(`${other.slice(0, -1)}[]`));
  const missing = lost.filter((field) => !inner(field)).join(", ");
  const said = missing === "" ? `Has every field of ${cluster.kind}.` : `Has not: ${missing}.`;
  return changed.length === 0 ? said : `${said} Differs in:\n\n${print(changed)}`;
}

function table(schema: Schema, path: string): string {
  return print(rowsOf(schema, path));
}

function print(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  return ["| Field | Type | Default | Meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function rowsOf(schema: Schema, path: string): (readonly string[])[] {
  if (schema.type === "array") return schema.items.type === "object" ? rowsOf(schema.items, `${path}[]`) : [];
  if (schema.type !== "object") return [];
  return Object.entries(schema.fields).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    return [[`\`${at}\``, typeOf(field), defaultOf(field), meaningOf(field)], ...rowsOf(field, at)];
  });
}

function typeOf(schema: Schema): string {
  switch (schema.type) {
    case "string":
      if (schema.choices !== undefined) return schema.choices.map((choice) => `\`${choice}\``).join(", ");
      return schema.format === "date-time" ? "time" : `string, at most ${schema.maxLength}`;
    case "integer":
      return schema.maximum >= 2 ** 31 - 1 ? "integer" : `integer, ${schema.minimum} to ${schema.maximum}`;
    case "boolean":
      return "boolean";
    case "array": {
      const least = schema.minItems === undefined ? "at most" : `${schema.minItems} to`;
      const kind = schema.items.type === "object" ? "objects" : "strings";
      const unique = typeof schema.listType === "string" ? "" : `, unique by \`${schema.listType.keys.join("`, `")}\``;
      return `list of ${least} ${schema.maxItems} ${kind}${unique}`;
    }
    case "map":
      return `map of at most ${schema.maxProperties} strings`;
    case "object":
      return "object";
  }
}

function defaultOf(schema: Schema): string {
  if (schema.default === undefined) return schema.presence === "present" ? "required" : "";
  const shown = JSON.stringify(schema.default);
  return shown === "{}" ? "" : `\`${typeof schema.default === "string" ? schema.default : shown}\``;
}

/** What a list is for, and then what each of its strings is. */
function meaningOf(schema: Schema): string {
  const item = schema.type === "array" && schema.items.type === "string" ? ` Each: ${schema.items.description}` : "";
  return schema.description + item;
}
