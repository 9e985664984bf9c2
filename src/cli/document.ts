import { Document, isScalar, Scalar, visit } from "yaml";
import { hasUnsafe, printableLines } from "./escape.ts";

export type DocumentFormat = "json" | "yaml";

/** A value for programs, ending with a line feed. Two spaces of indent; control and direction-changing characters are written as `\uXXXX`. */
export function printDocument(value: unknown, format: DocumentFormat): string {
  return format === "json" ? printJson(value) : printYaml(value);
}

/** JSON text with a line feed after it; equal, once parsed, to what `JSON.stringify` gives. */
export function printJson(value: unknown): string {
  // JSON.stringify escapes C0 only: DEL, C1 and bidirectional controls would reach the terminal. They can stand inside strings only.
  return `${printableLines(JSON.stringify(value, undefined, 2))}\n`;
}

/** YAML text, readable as 1.1 and 1.2 alike, of what `printJson` would print; unsafe strings, keys included, are double-quoted with escapes. */
function printYaml(value: unknown): string {
  const plain: unknown = JSON.parse(JSON.stringify(value));
  const document = new Document(plain, { aliasDuplicateObjects: false, version: "1.1" });
  visit(document, {
    Scalar: (_, node) => {
      if (isScalar(node) && typeof node.value === "string" && hasUnsafe(node.value.replaceAll("\n", ""))) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return printableLines(document.toString({ lineWidth: 0, indentSeq: false, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }));
}
