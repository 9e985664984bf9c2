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
