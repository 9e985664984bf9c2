import { LRUCache } from "lru-cache";
import type { MessagePort } from "node:worker_threads";
import type { ExpressionCompiler } from "./compiler.ts";
import { loadCel } from "./load.ts";
import type { Answer, Program } from "./program.ts";
import type { Reply, Request } from "./protocol.ts";

/** A program is some hundred bytes a character of its text. */
const rememberedPrograms = 64;

/** The worker's side: evaluates what comes through `port`, until the other side ends it. */
export async function serveExpressions(port: MessagePort): Promise<void> {
  const compiler = await loadCel();
  const programs = new LRUCache<string, Program>({ max: rememberedPrograms });
  const reply = (message: Reply): void => port.postMessage(message);
  port.on("message", (request: Request) => reply({ type: "answer", answer: answer(request, compiler, programs) }));
  reply({ type: "ready" });
}

function answer({ expression, input }: Request, compiler: ExpressionCompiler, programs: LRUCache<string, Program>): Answer {
  const program = programs.get(expression) ?? compiler.program(expression);
  if ("message" in program)
    return { ok: false, code: "EXPRESSION_INVALID", message: `line ${program.line}, column ${program.column}: ${program.message}` };
  programs.set(expression, program);
  return program.evaluate(input);
}
