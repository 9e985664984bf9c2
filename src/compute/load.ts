import { ExpressionCompiler } from "./compiler.ts";

/** Loads CEL, which costs some 70 ms and 15 MB: only where there is an expression. A second call costs nothing but a new compiler. */
export async function loadCel(): Promise<ExpressionCompiler> {
  return new ExpressionCompiler(await import("@bufbuild/cel"));
}
