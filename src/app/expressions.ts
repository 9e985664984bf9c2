import type { ExpressionCompiler } from "../compute/compiler.ts";
import { loadCel } from "../compute/load.ts";
import { ExpressionPool } from "../compute/pool.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ExpressionCheck } from "../snapshot/factories.ts";

/** Expressions of policies, checked when a policy is compiled and evaluated in threads; CEL is loaded by the first of them, and never where there is none. */
export class PolicyExpressions implements AsyncDisposable {
  readonly pool: ExpressionPool;
  #compiler: ExpressionCompiler | undefined;

  constructor(options: { readonly clock: Clock }) {
    this.pool = new ExpressionPool(options);
  }

  /** Loads CEL. */
  async load(): Promise<void> {
    this.#compiler ??= await loadCel();
  }

  /** Refuses whatever it is given until CEL is loaded: the policy then allows nothing. */
  check(text: string): ExpressionCheck {
    return this.#compiler?.compile(text) ?? { ok: false, message: "CEL has not been loaded yet: nothing can be said of it" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }
}
