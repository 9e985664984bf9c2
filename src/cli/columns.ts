import { kindTable, type PrinterColumn } from "../api/kinds.ts";
import type { ResourceKind } from "../api/object.ts";
import { ageAt } from "./age.ts";
import type { ObjectRow } from "./ports.ts";
import type { Table } from "./table.ts";

export interface ColumnOptions {
  readonly wide: boolean;
  /** Epoch ms; absent: columns of dates are left out (what remains changes only when the object does). */
  readonly now?: number;
  /** The first column says of which namespace an object is. */
  readonly withNamespace?: boolean;
}

/** Where an object says when it was created. */
const creationTimestamp = ".metadata.creationTimestamp";

/** Objects of one kind as the table that `kubectl get` would print of them. */
export function toTable(kind: ResourceKind, rows: readonly ObjectRow[], options: ColumnOptions): Table {
  const shown = kindTable[kind].columns.filter(
    (column) => (options.wide || (column.priority ?? 0) === 0) && (column.type !== "date" || options.now !== undefined),
  );
  const namespaced = options.withNamespace === true;
  return {
    columns: [...(namespaced ? ["Namespace"] : []), "Name", ...shown.map((column) => column.name)],
    rows: rows.map((row) => [
      ...(namespaced ? [row.namespace ?? ""] : []),
      row.name,
      ...shown.map((column) => cellOf(column, { row, kind, now: options.now ?? 0 })),
    ]),
  };
}

/** A cell as the API server makes it of a value (apiextensions-apiserver `tableconvertor`): of another type than the column's, it is empty. */
function cellOf(
  column: PrinterColumn,
  { row, kind, now }: { readonly row: ObjectRow; readonly kind: ResourceKind; readonly now: number },
): string {
  const value = readPath(row.object, column.jsonPath) ?? defaultOf(kind, column.jsonPath);
  switch (column.type) {
    case "string":
      return typeof value === "string" ? value : "";
    case "integer":
      return typeof value === "number" ? String(Math.trunc(value)) : "";
    case "date":
      // An object from a file has no creationTimestamp of its own.
      if (value === undefined && column.jsonPath === creationTimestamp) return ageAt(now, row.creationTime);
      if (typeof value !== "string") return "";
      return value === "" ? ageAt(now, undefined) : dateCell(value, now);
  }
}

/** What the API server writes into an object that leaves the field out; of a file it is what is meant. */
function defaultOf(kind: ResourceKind, jsonPath: string): unknown {
  const [, field] = /^\.spec\.(\w+)$/.exec(jsonPath) ?? [];
  const { spec } = kindTable[kind];
  return field !== undefined && spec.type === "object" && Object.hasOwn(spec.fields, field) ? spec.fields[field]?.default : undefined;
}

function dateCell(text: string, now: number): string {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? "<invalid>" : ageAt(now, time);
}

/**
 * First match of a path such as `.status.conditions[?(@.type=="Ready")].status`; undefined where there is none. The subset of JSONPath that our
 * columns use: members, and one filter by equality on a list.
 */
export function readPath(object: unknown, jsonPath: string): unknown {
  let value: unknown = object;
  for (const [, name, key, wanted] of jsonPath.matchAll(/\.([A-Za-z0-9_-]+)|\[\?\(@\.([A-Za-z0-9_-]+)=="([^"]*)"\)\]/g)) {
    value =
      name !== undefined
        ? memberOf(value, name)
        : Array.isArray(value)
          ? value.find((item: unknown) => memberOf(item, key ?? "") === wanted)
          : undefined;
  }
  return value;
}

function memberOf(value: unknown, name: string): unknown {
  // Own members only: `constructor` and `__proto__` are names like any other.
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
