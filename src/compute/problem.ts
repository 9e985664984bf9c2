import { echo } from "../oci/parsed.ts";

/** Where something stands in the text of an expression; both count from 1, columns in characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A defect of an expression. `message` is one line of printable ASCII, ≤ 200 characters. */
export interface Problem extends Position {
  readonly message: string;
}

/** A defect at an offset in UTF-16 units, as parsers count. */
export interface Defect {
  readonly offset: number;
  readonly message: string;
}

const longestMessage = 200;
/** A name out of an expression is cut here. */
const longestName = 40;

/** A name out of an expression, as a message shows it. */
export function quoted(name: string): string {
  return `"${echo(name, longestName)}"`;
}

/** Makes a defect presentable. */
export function toProblem(text: string, { offset, message }: Defect): Problem {
  return { ...positionOf(text, offset), message: echo(message, longestMessage) };
}

/** The parser lets `in` begin with the space before it. */
export function skipSpace(text: string, offset: number): number {
  return offset + (/^\s*/u.exec(text.slice(offset))?.[0].length ?? 0);
}

/** CR, LF and CRLF end a line, as in the grammar. */
export function positionOf(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/u);
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
