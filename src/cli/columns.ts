import type { Kind } from "../api/object.ts";
import { ageAt } from "./age.ts";
import type { ObjectRow } from "./ports.ts";
import type { Table } from "./table.ts";

/** A printer column of a CRD, with the subset of JSONPath that the CRDs use: members, and one filter by equality on a list. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}
export interface ColumnOptions {
  readonly wide: boolean;
  /** Epoch ms; absent: columns of dates are left out (what remains changes only when the object does). */
  readonly now?: number;
}

const ready: readonly PrinterColumn[] = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
];
const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const message: PrinterColumn = { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 };
const type: PrinterColumn = { name: "Type", type: "string", jsonPath: ".spec.type" };

/** As `config/crd` has them (design 5). */
export const printerColumns: { readonly [K in Kind]: readonly PrinterColumn[] } = {
  Store: [
    ...ready,
    { name: "Registry", type: "string", jsonPath: ".status.registry" },
    { name: "Auth", type: "string", jsonPath: ".status.auth" },
    { name: "Checked", type: "date", jsonPath: ".status.lastCheckTime" },
    age,
    message,
  ],
  AuthProvider: [...ready, type, age, message],
  Verifier: [...ready, type, age, message],
  KeyProvider: [...ready, type, age, message],
};

/** Objects of one kind as the table that `kubectl get` would print of them. */
export function toTable(kind: Kind, rows: readonly ObjectRow[], options: ColumnOptions): Table {
  const shown = printerColumns[kind].filter(
    (column) => (options.wide || (column.priority ?? 0) === 0) && (column.type !== "date" || options.now !== undefined),
  );
  return {
    columns: ["Name", ...shown.map((column) => column.name)],
    rows: rows.map((row) => [row.name, ...shown.map((column) => cellOf(column, row, options.now ?? 0))]),
  };
}

/** A cell as the API server makes it of a value (apiextensions-apiserver `tableconvertor`): of another type than the column's, it is empty. */
function cellOf(column: PrinterColumn, row: ObjectRow, now: number): string {
  const value = readPath(row.object, column.jsonPath);
  switch (column.type) {
    case "string":
      return typeof value === "string" ? value : "";
    case "integer":
      return typeof value === "number" ? String(Math.trunc(value)) : "";
    case "date":
      // An object from a file has no creationTimestamp of its own.
      if (value === undefined && column.jsonPath === age.jsonPath) return ageAt(now, row.creationTime);
      if (typeof value !== "string") return "";
      return value === "" ? ageAt(now, undefined) : dateCell(value, now);
  }
}

function dateCell(text: string, now: number): string {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? "<invalid>" : ageAt(now, time);
}

/** First match of a path such as `.status.conditions[?(@.type=="Ready")].status`; undefined where there is none. */
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
