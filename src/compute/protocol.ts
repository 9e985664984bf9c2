import type { ExpressionInput } from "../api/expression.ts";
import type { Answer } from "./program.ts";

/** To a worker: one at a time. */
export interface Request {
  readonly expression: string;
  readonly input: ExpressionInput;
}

/** From a worker: `ready` once, then one answer a request. */
export type Reply = { readonly type: "ready" } | { readonly type: "answer"; readonly answer: Answer };
