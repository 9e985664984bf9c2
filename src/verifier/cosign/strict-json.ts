import { parseJSON } from "../../oci/json.ts";
import type { Parsed } from "../../oci/parsed.ts";

/**
 * {@link parseJSON}, which refuses an object that has a name twice: readers differ in which of the two counts, and what one tool signed must not mean
 * something else here.
 */
export function parseStrictJSON(bytes: Uint8Array, what: string, limit: number): Parsed<unknown> {
  const parsed = parseJSON(bytes, what, { bytes: limit });
  if (!parsed.ok) return parsed;
  if (hasNameTwice(new TextDecoder().decode(bytes)))
    return { ok: false, reason: "Ambiguous", message: `${what} has an object with the same name twice` };
  return parsed;
}

/** `text` is known to be JSON: nothing but strings and brackets is looked at. */
function hasNameTwice(text: string): boolean {
  // One entry for each open bracket; an array has no names.
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(undefined);
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names !== undefined && isName(text, end)) {
        // The escapes are resolved: "type" and "t\u0079pe" are one name.
        const name = String(JSON.parse(text.slice(at, end)));
        if (names.has(name)) return true;
        names.add(name);
      }
      at = end - 1;
    }
  }
  return false;
}

/** Index after the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** Whether a colon follows, after white space. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === " " || text[at] === "\t" || text[at] === "\r" || text[at] === "\n") at += 1;
  return text[at] === ":";
}
