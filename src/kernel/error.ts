/** What a reader of an error can do about it: wait and try again, change a manifest, or nothing. */
export type Remedy = "retry" | "fix-configuration" | "none";

/** Could not find out: thrown, never returned. One subclass per room; `code` is stable and documented, `message` is for people. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;
  readonly remedy: Remedy;
  constructor(code: Code, message: string, options: { readonly cause?: unknown; readonly remedy?: Remedy } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.remedy = options.remedy ?? "none";
  }
}

/** The program contradicts itself: a defect of ours, never of the input. */
export class InvariantError extends CodedError<"INVARIANT_VIOLATED"> {
  constructor(message: string) {
    super("INVARIANT_VIOLATED", message);
  }
}

/** Codes of Node.js that a person meets by a slip of their own, in words. */
const systemWords: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or directory"],
  ["ENOTDIR", "something on the way to it is no directory"],
  ["EISDIR", "it is a directory"],
  ["EACCES", "this user may not"],
  ["EPERM", "this user may not"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "the disk is full"],
  ["EADDRINUSE", "something listens there already"],
]);

/** Why a call of the operating system failed, by its code alone: `there is no such file or directory (ENOENT)`. Of its own message nothing is repeated. */
export function systemReason(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown };
  if (typeof code !== "string" || !/^[A-Z0-9_]{1,32}$/.test(code)) return "it failed in an unforeseen way";
  const words = systemWords.get(code);
  return words === undefined ? code : `${words} (${code})`;
}
