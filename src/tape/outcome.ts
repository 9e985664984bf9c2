import type { Descriptor } from "../oci/descriptor.ts";
import { StoreError } from "../engine/store.ts";
import type { Outcome, TapeDescriptor } from "./tape.ts";

/** What an answer may be; the rest of {@link Outcome} is of timers, and of what is found out again. */
export type Answer = Exclude<Outcome, { readonly type: "fired" | "found" }>;
export type Refusal = Extract<Outcome, { readonly type: "failed" | "stopped" | "defect" }>;

/** What a Store threw, as far as the engine can tell one error from another. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof StoreError) {
    const { class: errorClass, message, retryAt } = error.failure;
    return {
      type: "failed",
      class: errorClass,
      message,
      ...(retryAt !== undefined && { retryAt }),
      ...(error.isUnproven && { isUnproven: true }),
    };
  }
  return stopOf(error) ?? { type: "defect" };
}

export function stopOf(error: unknown): Extract<Outcome, { readonly type: "stopped" }> | undefined {
  if (!(error instanceof DOMException)) return undefined;
  return error.name === "TimeoutError" || error.name === "AbortError" ? { type: "stopped", name: error.name } : undefined;
}

/** The error that an outcome stands for; undefined where it is none. Thrown in a recording as in its replay, so that the engine sees the same. */
export function toError(outcome: Outcome): Error | undefined {
  switch (outcome.type) {
    case "failed": {
      const { class: errorClass, message, retryAt, isUnproven = false } = outcome;
      return new StoreError({ class: errorClass, message, ...(retryAt !== undefined && { retryAt }) }, { isUnproven });
    }
    case "stopped":
      return new DOMException("It was given up", outcome.name);
    case "defect":
      return new TypeError("It failed in a way that it must not");
    case "resolved":
    case "entry":
    case "end":
    case "content":
    case "fired":
    case "found":
      return undefined;
  }
}

export function toTapeDescriptor({ mediaType, digest, size, artifactType }: Descriptor): TapeDescriptor {
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}
