import type { CelEnvironment, CelLibrary } from "./cel.ts";
import { timestampMethods } from "./time.ts";

/**
 * Characters and bytes that one evaluation may make by `+` and `bytes()`. An expression of 2048 characters can double a text a hundred times, and what lies
 * outside the heap is not under a worker's `resourceLimits`; what an honest one builds is a reference or two an artifact.
 */
const largestText = 4 * 1024 * 1024;

/** Counts what an evaluation builds; `reset` before each. */
export class TextBudget {
  #left = largestText;

  get isExceeded(): boolean {
    return this.#left < 0;
  }

  reset(): void {
    this.#left = largestText;
  }

  /** @throws RangeError once more has been built than an evaluation may; the library makes a CEL error of it */
  take(length: number): void {
    this.#left -= length;
    if (this.isExceeded) throw new RangeError("More text than an expression may build");
  }
}

const encoder = new TextEncoder();

/** The standard functions of CEL and no others; those that make text are bounded. */
export function createEnvironment(cel: CelLibrary, budget: TextBudget): CelEnvironment {
  const { celEnv, celFunc, CelScalar } = cel;
  const { BYTES, STRING } = CelScalar;
  return celEnv({
    funcs: [
      ...timestampMethods(cel, celEnv()),
      celFunc("_+_", [STRING, STRING], STRING, (left, right) => {
        budget.take(left.length + right.length);
        return left + right;
      }),
      celFunc("_+_", [BYTES, BYTES], BYTES, (left, right) => {
        budget.take(left.length + right.length);
        const joined = new Uint8Array(left.length + right.length);
        joined.set(left);
        joined.set(right, left.length);
        return joined;
      }),
      celFunc("bytes", [STRING], BYTES, (text) => {
        budget.take(text.length);
        return encoder.encode(text);
      }),
    ],
  });
}
