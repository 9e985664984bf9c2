import { printableCell } from "./escape.ts";

/** kubectl's tabwriter: three spaces between columns, none narrower than six with them (cli-runtime `GetNewTabWriter`). */
const padding = 3;
const minWidth = 6;

export interface Table {
  /** Printed in capitals. */
  readonly columns: readonly string[];
  /** A missing cell is empty. */
  readonly rows: readonly (readonly string[])[];
}
export interface TableOptions {
  /** Default: header printed. */
  readonly header?: boolean;
  /** Put before every line; default none. */
  readonly indent?: string;
  /** Wraps a cell's text after it was escaped and measured, such as in colour. */
  readonly decorate?: (text: string, column: number, row: number) => string;
}

/** A table as kubectl lays it out, every line ending with a line feed; no rows give no text at all, header included. */
export function renderTable(table: Table, options: TableOptions = {}): string {
  if (table.rows.length === 0) return "";
  const header = options.header === false ? [] : [table.columns.map((name) => name.toUpperCase())];
  const lines = [...header, ...table.rows.map((row) => table.columns.map((_, at) => row[at] ?? ""))].map((line) => line.map(printableCell));
  const widths = table.columns.map((_, at) =>
    Math.max(minWidth, padding + lines.reduce((widest, line) => Math.max(widest, lengthOf(line[at] ?? "")), 0)),
  );
  const last = table.columns.length - 1;
  return lines
    .map((line, at) => {
      const row = at - header.length;
      const cells = line.map((text, column) => {
        const shown = row < 0 ? text : (options.decorate?.(text, column, row) ?? text);
        return column === last ? shown : shown + " ".repeat((widths[column] ?? 0) - lengthOf(text));
      });
      return `${options.indent ?? ""}${cells.join("")}\n`;
    })
    .join("");
}

/** Code points, as Go's tabwriter counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
