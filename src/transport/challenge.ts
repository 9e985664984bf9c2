/** One challenge of a `WWW-Authenticate` header; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Longest header that is looked at, in bytes: undici allows 16 KiB of headers in all. */
const longestHeader = 8192;
/** Of all headers of one answer together. */
const mostChallenges = 16;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const token68 = /^[A-Za-z0-9._~+/-]+=*/;

/**
 * RFC 9110 §11.6.1: several headers, several challenges in one, quoted strings with escapes, empty list elements. What cannot be read ends its own
 * header: what stood before it counts.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  const challenges: Challenge[] = [];
  for (const header of headers) {
    if (header.length > longestHeader) continue;
    challenges.push(...parseHeader(header));
    if (challenges.length >= mostChallenges) break;
  }
  return challenges.slice(0, mostChallenges);
}

function parseHeader(text: string): readonly Challenge[] {
  const challenges: { readonly scheme: string; readonly params: Map<string, string> }[] = [];
  let rest = skipSeparators(text);
  while (rest !== "") {
    const word = token.exec(rest)?.[0];
    if (word === undefined) break;
    const after = rest.slice(word.length);
    const current = challenges.at(-1);
    const parameter = parseParameter(after);
    if (parameter !== undefined && current !== undefined) {
      // RFC 9110 §11.2: a name occurs once; the first is kept, so that nothing behind it can replace a realm.
      const name = word.toLowerCase();
      if (!current.params.has(name)) current.params.set(name, parameter.value);
      rest = skipSeparators(parameter.rest);
      continue;
    }
    if (parameter !== undefined || (after !== "" && !/^[ \t,]/.test(after))) break;
    challenges.push({ scheme: word.toLowerCase(), params: new Map() });
    rest = skipToken68(after);
  }
  return challenges;
}

interface Parameter {
  readonly value: string;
  readonly rest: string;
}

/** What follows a parameter's name: `=` and a token or a quoted string. */
function parseParameter(text: string): Parameter | undefined {
  const equals = /^[ \t]*=[ \t]*/.exec(text)?.[0];
  if (equals === undefined) return undefined;
  const rest = text.slice(equals.length);
  if (rest.startsWith('"')) return parseQuoted(rest);
  const value = token.exec(rest)?.[0];
  return value === undefined ? undefined : { value, rest: rest.slice(value.length) };
}

function parseQuoted(text: string): Parameter | undefined {
  let value = "";
  for (let at = 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') return { value, rest: text.slice(at + 1) };
    if (char === "\\") at += 1;
    value += text.charAt(at);
  }
  return undefined;
}

/** `Negotiate abc==`: the one word that may stand in the place of parameters. */
function skipToken68(text: string): string {
  const trimmed = text.replace(/^[ \t]+/, "");
  const word = trimmed.length < text.length ? token68.exec(trimmed)?.[0] : undefined;
  if (word === undefined) return skipSeparators(text);
  const after = trimmed.slice(word.length);
  return /^[ \t]*(?:,|$)/.test(after) && parseParameter(trimmed.slice((token.exec(trimmed)?.[0] ?? "").length)) === undefined
    ? skipSeparators(after)
    : skipSeparators(text);
}

function skipSeparators(text: string): string {
  return text.replace(/^[ \t,]+/, "");
}
