import { echo } from "../oci/parsed.ts";
import { type Defect, quoted } from "./problem.ts";

/** A token of CEL (cel-spec langdef.md §syntax). */
export interface Token {
  readonly kind: "name" | "number" | "string" | "operator" | "end";
  readonly text: string;
  /** In UTF-16 units. */
  readonly offset: number;
}

const skipped = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/uy;
const patterns: readonly (readonly [Exclude<Token["kind"], "string" | "end">, RegExp])[] = [
  ["number", /0x[0-9a-fA-F]+[uU]?|[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+[uU]?/uy],
  ["name", /[_a-zA-Z][_a-zA-Z0-9]*/uy],
  ["operator", /==|!=|<=|>=|&&|\|\||[<>+\-*/%!?:.,()[\]{}]/uy],
];
const opening = /(?:[bB]?[rR]|[bB])?('''|"""|'|")/uy;
/** Every escape that the specification has; the library takes others, such as `\d`, for themselves, and other implementations refuse them. */
const escape = /\\(?:[abfnrtv\\?"'`]|[xX][0-9a-fA-F]{2}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[0-3][0-7]{2})/uy;
/** What people write who know other languages. */
const meant: Readonly<Record<string, string>> = { "=": "==", "&": "&&", "|": "||" };

/** The tokens of an expression, and one of kind `end` after them; or the first thing that is none. */
export function tokenize(text: string): readonly Token[] | Defect {
  const tokens: Token[] = [];
  let at = end(skipped, text, 0) ?? 0;
  while (at < text.length) {
    const token = stringAt(text, at) ?? tokenAt(text, at) ?? strange(text, at);
    if ("message" in token) return token;
    tokens.push(token);
    at += token.text.length;
    at = end(skipped, text, at) ?? at;
  }
  return [...tokens, { kind: "end", text: "", offset: text.length }];
}

function tokenAt(text: string, at: number): Token | undefined {
  for (const [kind, pattern] of patterns) {
    const until = end(pattern, text, at);
    if (until !== undefined) return { kind, text: text.slice(at, until), offset: at };
  }
  return undefined;
}

function stringAt(text: string, offset: number): Token | Defect | undefined {
  opening.lastIndex = offset;
  const [start, quote] = opening.exec(text) ?? [];
  if (start === undefined || quote === undefined) return undefined;
  const isRaw = /r/iu.test(start);
  let at = offset + start.length;
  while (at < text.length && (quote.length === 3 || !/[\n\r]/u.test(text.charAt(at)))) {
    if (text.startsWith(quote, at)) return { kind: "string", text: text.slice(offset, at + quote.length), offset };
    if (text.charAt(at) !== "\\" || isRaw) at += 1;
    else {
      const until = escapeEnd(text, at);
      if (until === undefined) return { offset: at, message: `invalid escape "${echo(text.slice(at, at + 2))}" in a string` };
      at = until;
    }
  }
  return { offset, message: "this string is not closed" };
}

function escapeEnd(text: string, at: number): number | undefined {
  escape.lastIndex = at;
  const found = escape.exec(text);
  const codePoint = Number.parseInt(found?.[1] ?? found?.[2] ?? "0", 16);
  if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return undefined;
  return found === null ? undefined : escape.lastIndex;
}

function strange(text: string, offset: number): Defect {
  const found = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  const instead = meant[found];
  return { offset, message: `unexpected ${quoted(found)}${instead === undefined ? "" : `; did you mean "${instead}"?`}` };
}

/** Where what begins at `at` and matches ends. */
function end(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
