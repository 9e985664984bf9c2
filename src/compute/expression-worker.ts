import { Worker } from "node:worker_threads";
import { ExpressionError } from "../api/expression.ts";
import type { Answer } from "./program.ts";
import type { Reply, Request } from "./protocol.ts";

/** `src/worker.ts`; in the bundle its every chunk lies beside `worker.mjs` (scripts/bundle.ts). */
const entry = import.meta.url.endsWith(".ts") ? "../worker.ts" : "./worker.mjs";

/** Megabytes. The library and its tables take some 15 of the old generation. */
const youngGenerationMb = 16;
const codeRangeMb = 16;

/** One thread that evaluates one expression at a time, and that can be stopped in the midst of it. */
export class ExpressionWorker {
  /** Rejects when it dies before. */
  readonly ready: Promise<void>;
  /** Resolves when it is no more, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #death: ExpressionError | undefined;

  /** `heapMb`: of its objects; one that wants more dies. It has no environment, no arguments and no standard input. */
  constructor({ heapMb }: { readonly heapMb: number }) {
    const worker = new Worker(new URL(entry, import.meta.url), {
      name: "countersign-expressions",
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngGenerationMb, codeRangeSizeMb: codeRangeMb },
    });
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const died = (cause: unknown): void => {
      this.#death ??= deathBy(cause);
      ready.reject(this.#death);
      this.#waiting?.reject(this.#death);
    };
    worker.on("message", (reply: Reply) => {
      if (reply.type === "ready") ready.resolve();
      else this.#waiting?.resolve(reply.answer);
    });
    worker.on("messageerror", died);
    worker.on("error", died);
    worker.on("exit", (code) => {
      died(code);
      ended.resolve();
    });
    ready.promise.catch(() => {}); // it may die while nobody waits
    this.#worker = worker;
    this.ready = ready.promise;
    this.ended = ended.promise;
  }

  /** @throws ExpressionError EXPRESSION_FAILED when it dies over it */
  async ask(request: Request): Promise<Answer> {
    if (this.#death !== undefined) throw this.#death;
    this.#worker.postMessage(request);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Ends it wherever it is. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
    await this.ended;
  }
}

function deathBy(cause: unknown): ExpressionError {
  const { code } = Object(cause) as { readonly code?: unknown };
  const isGreedy = code === "ERR_WORKER_OUT_OF_MEMORY";
  const why = isGreedy ? "it takes more memory than it may" : "what evaluated it has ended";
  return new ExpressionError("EXPRESSION_FAILED", why, { cause, remedy: isGreedy ? "fix-configuration" : "retry" });
}
