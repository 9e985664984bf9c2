import { CodedError } from "../kernel/error.ts";

/** What is written of an error. Nothing else: errors of libraries carry requests, responses and raw packets as properties. */
export interface DescribedError {
  /** `Name: message`. */
  readonly message: string;
  readonly code: string | undefined;
  /** The same of its causes, outermost first, 8 at most; each with its code. */
  readonly causes: readonly string[];
  /** Frames only, and only of an error that none of our rooms made: it may be a defect. */
  readonly stack: string | undefined;
}

const maxCauses = 8;
const maxFrames = 10;

/** Text, code and causes of an error. */
export function describeError(error: Error): DescribedError {
  const causes: string[] = [];
  const seen = new Set<unknown>([error]);
  const pending = causesOf(error);
  for (let cause = pending.shift(); cause !== undefined && causes.length < maxCauses; cause = pending.shift()) {
    if (seen.has(cause)) continue;
    seen.add(cause);
    const code = codeOf(cause);
    causes.push(code === undefined ? textOf(cause) : `${textOf(cause)} (${code})`);
    pending.push(...causesOf(cause));
  }
  return { message: textOf(error), code: codeOf(error), causes, stack: error instanceof CodedError ? undefined : framesOf(error) };
}

/**
 * A last net, after the types that keep secrets from being printed at all: what looks like a credential in a text of others' making is blanked
 * (Authorization values, JSON web tokens, user information in a URL, PEM private keys).
 */
export function redactText(text: string): string {
  return text
    .replaceAll(/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, "$1 [redacted]")
    .replaceAll(/\beyJ[\w-]{8,}(\.[\w-]*){1,4}/g, "[redacted]")
    .replaceAll(/(:\/\/)[^\s/?#@"']{1,512}@/g, "$1[redacted]@")
    .replaceAll(/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, "[redacted]");
}

function causesOf(error: Error): Error[] {
  const several = error instanceof AggregateError ? error.errors.slice(0, maxCauses) : [];
  return [error.cause, ...several].filter((cause): cause is Error => cause instanceof Error);
}

function textOf(error: Error): string {
  return `${error.name}: ${error.message}`;
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Without the first lines, which repeat the message. */
function framesOf(error: Error): string | undefined {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return frames.length === 0
    ? undefined
    : frames
        .slice(0, maxFrames)
        .map((line) => line.trim())
        .join("\n");
}
