import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { PolicyExpressions } from "../../src/app/expressions.ts";
import { loadCel } from "../../src/compute/load.ts";
import { ExpressionPool, type ExpressionPoolOptions } from "../../src/compute/pool.ts";
import type { Reply } from "../../src/compute/protocol.ts";
import { serveExpressions } from "../../src/compute/serve-expressions.ts";
import { entry, input, many, unaborted } from "../compute/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { type Situations, thrown } from "./situation.ts";

/** In a manifest: a line each for what the compiler has against these. */
async function compiled(texts: readonly string[]): Promise<string> {
  const compiler = await loadCel();
  return texts
    .map((text) => {
      const answer = compiler.compile(text);
      if (answer.ok) throw new TypeError(`"${text}" is not refused`);
      return `line ${answer.line}, column ${answer.column}: ${answer.message}`;
    })
    .join("\n");
}

/** At a verdict: a line each for what a worker answers to these. */
async function evaluated(texts: readonly string[]): Promise<string> {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const next = async (): Promise<Reply> => (await once(ours, "message"))[0] as Reply;
  try {
    const ready = next();
    await serveExpressions(theirs);
    await ready;
    const lines: string[] = [];
    for (const expression of texts) {
      const reply = next();
      ours.postMessage({ expression, input: input(expression.includes("repeat") ? many : [entry()]) });
      const { answer } = (await reply) as Extract<Reply, { type: "answer" }>;
      if (answer.ok) throw new TypeError(`"${expression}" has a value`);
      lines.push(`${answer.code}: ${answer.message}`);
    }
    return lines.join("\n");
  } finally {
    ours.close();
  }
}

type Thread = ReturnType<Required<ExpressionPoolOptions>["start"]>;

/** A thread that is ready, or is not, and never answers. */
function thread(ready: Promise<void>): Thread {
  return { ready, ended: new Promise<void>(() => {}), ask: () => new Promise(() => {}), stop: () => Promise.resolve() };
}

async function pooled(
  options: Omit<ExpressionPoolOptions, "clock">,
  work: (pool: ExpressionPool, clock: ManualClock) => Promise<unknown>,
): Promise<string> {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, workers: 1, ...options });
  return await thrown(() => work(pool, clock));
}

const texts = [
  "",
  "a b",
  "(a",
  "a ? b",
  "a)",
  "[a)",
  "a = b",
  "'a",
  "'\\d'",
  "namespace.name",
  "(".repeat(2048),
  `${"true?".repeat(200)}true${":true".repeat(200)}`,
  "x".repeat(3000),
  "imag == ''",
  "image.tga == ''",
  "evidence.verified",
  "image.tag[0] == 'v'",
  "evidence['0'].verified",
  "image.tag.startWith('v')",
  "image.tag.startsWith(1)",
  "size(image.tag, 1) == 1",
  "image.tag + 1 == ''",
  "!image.tag",
  "evidence[0].size == '1'",
  "image.tag && true",
  "image.tag.exists(c, c == 'v')",
  "evidence.all(e)",
  "has(image)",
  "9223372036854775808 > 1",
  "google.protobuf.Any{} == 1",
  "evidence.size()",
];
const failures = [
  "imag",
  "dyn(image.tag)",
  "namespaceObject.labels.tier == 'a'",
  "evidence[7].verified",
  "evidence[0].size % 0 == 1",
  "int(evidence[0].digest) == 1",
  `evidence.map(a, evidence.map(b, '${"repeat".repeat(200)}' + a.digest)).size() > 0`,
];

export const expressions: Situations = [
  { when: "an expression of a Policy cannot be compiled", says: () => compiled(texts) },
  {
    when: "an expression is asked about before there is a compiler",
    says: async () => {
      await using none = new PolicyExpressions({ clock: new ManualClock() });
      const checked = none.check("true");
      return checked.ok ? "" : checked.message;
    },
  },
  { when: "an expression has no value for an image", says: () => evaluated(failures) },
  {
    when: "what an expression throws reaches a caller",
    says: () => pooled({}, (pool) => pool.evaluate("evidence[7].verified", input(), unaborted)),
  },
  {
    when: "an expression takes too long",
    says: () =>
      pooled({ start: () => thread(Promise.resolve()) }, (pool, clock) =>
        Promise.all([pool.evaluate("true", input(), unaborted), clock.advance(1000)]),
      ),
  },
  {
    when: "an expression takes all memory",
    says: () =>
      pooled({ heapMb: 32 }, (pool) =>
        pool.evaluate("evidence.map(a, evidence.map(b, evidence.map(c, [a, b, c]))).size() > 0", input(many), unaborted),
      ),
  },
  {
    when: "an expression's input is no plain data",
    says: () => pooled({}, (pool) => pool.evaluate("true", input([entry({ reason: (() => "") as unknown as string })]), unaborted)),
  },
  {
    when: "no thread starts",
    says: () =>
      pooled({ start: () => thread(Promise.reject(new TypeError("no thread"))) }, (pool) => pool.evaluate("true", input(), unaborted)),
  },
  {
    when: "too many expressions wait",
    says: () =>
      pooled({ queue: 1, start: () => thread(Promise.resolve()) }, (pool) =>
        Promise.all(["true", "true", "true"].map((text) => pool.evaluate(text, input(), unaborted))),
      ),
  },
  {
    when: "the operator stops",
    says: () =>
      pooled({}, async (pool) => {
        await pool[Symbol.asyncDispose]();
        await pool.evaluate("true", input(), unaborted);
      }),
  },
];
