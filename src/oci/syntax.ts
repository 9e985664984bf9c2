import { accept, type Parsed, type Refused, refuse } from "./parsed.ts";

/** Longest reference, pattern or host, in bytes: a host of 253, a path of 255, a tag and a digest fit with room to spare. */
const longestInput = 1024;
/** distribution/reference: RepositoryNameTotalLengthMax, applied to the path. */
const longestPath = 255;

/** What nearly every input is made of: accepted at a glance, where the rest is looked at character by character to say what is wrong. */
const usual = /^[A-Za-z0-9._:/@*[\]-]{1,1024}$/;

/**
 * The gate before every parser of this room: 1 to 1024 printable ASCII characters and none that some URL parser would treat specially.
 * Nothing here is ever given to `new URL`, which removes tabs, decodes `%2e`, maps full-width letters and reads `\` as `/` (registry-auth.md 1.4).
 */
export function refuseCharacters(text: string): Refused | undefined {
  if (usual.test(text) && !text.includes("://")) return undefined;
  if (text.length === 0) return refuse("Empty", text, "is empty");
  if (text.length > longestInput) return refuse("TooLong", text, `is longer than ${longestInput} characters`);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7e)
      return refuse("BadCharacter", text, 'has a character outside ASCII; write an international host name in its "xn--" form');
    if (code < 0x21) return refuse("BadCharacter", text, "has white space or a control character in it");
  }
  if (text.includes("://")) return refuse("Scheme", text, 'has a scheme; write it without "https://"');
  const special = /[\\%?#]/.exec(text)?.[0];
  if (special !== undefined) return refuse("BadCharacter", text, `has "${special}" in it`);
  return undefined;
}

/** distribution/reference path-component: lower-case words, joined by one `.`, one or two `_`, or any number of `-`. */
const segmentShape = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/** Splits a repository path; no `.`, `..`, empty or upper-case segment gets through. `text` is not empty. */
export function parsePath(text: string, input: string): Parsed<readonly string[]> {
  if (text.length > longestPath) return refuse("BadPath", input, `has a path longer than ${longestPath} characters`);
  if (text.includes(":")) return refuse("BadPath", input, 'has ":" in its path');
  if (/[A-Z]/.test(text)) return refuse("BadPath", input, "has upper-case letters in its path");
  const segments = text.split("/");
  for (const segment of segments) {
    if (segment === "") return refuse("BadPath", input, "has an empty path segment");
    if (!segmentShape.test(segment))
      return refuse("BadPath", input, 'has a path segment that is not lower-case words joined by ".", "_", "__" or "-"');
  }
  return accept(segments);
}
