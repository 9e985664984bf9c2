/** Why a text or a document was refused; stable, for callers that tell cases apart (messages are for people). */
export type ParseReason =
  | "Empty"
  | "TooLong"
  | "BadCharacter"
  | "Scheme"
  | "BadHost"
  | "BadPort"
  | "BadPath"
  | "BadTag"
  | "BadDigest"
  | "Userinfo"
  | "NotARepository"
  | "NotAHost"
  | "TooWide"
  | "WildcardInPath"
  | "WildcardWithPath"
  | "PartialWildcard"
  | "TooLarge"
  | "TooDeep"
  | "TooMany"
  | "NotJSON"
  | "BadShape"
  | "BadDescriptor"
  | "Ambiguous";

export interface Refused {
  readonly ok: false;
  readonly reason: ParseReason;
  /** ≤ 256 bytes of ASCII; echoes the input and nothing else. */
  readonly message: string;
}

/** What a parser of this room answers: bad input is data, not an exception. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

/** An echo is cut here, so that a message with two of them stays below 256 bytes. */
const longestEcho = 100;

/**
 * `text` as a message may show it: everything but printable ASCII as `\uXXXX`, at most 100 characters (the first 97 and `...`).
 * For printable input that is a simple function, which a CEL rule of the CRD repeats (`size() > 100 ? substring(0, 97) + '...' : self`).
 * A smaller `limit` is for messages that name several things.
 */
export function echo(text: string, limit: number = longestEcho): string {
  let shown = "";
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    shown += code >= 0x20 && code <= 0x7e ? text.charAt(at) : `\\u${code.toString(16).padStart(4, "0")}`;
    if (shown.length > limit) return `${shown.slice(0, limit - 3)}...`;
  }
  return shown;
}

/** A refusal whose message is the quoted input and what is wrong with it. */
export function refuse(reason: ParseReason, input: string, detail: string): Refused {
  return { ok: false, reason, message: `"${echo(input)}" ${detail}` };
}

/** The other half of {@link Parsed}. */
export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}
