import type { ExpressionInput } from "../api/expression.ts";

/** Port of compute/: evaluates an expression under a deadline that really stops it. */
export interface Expressions {
  /** @throws ExpressionError; the signal's reason */
  evaluate(expression: string, input: ExpressionInput, signal: AbortSignal): Promise<boolean>;
}
