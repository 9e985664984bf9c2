import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { ExpressionError } from "../../src/api/expression.ts";
import { ExpressionWorker } from "../../src/compute/expression-worker.ts";
import { ExpressionPool } from "../../src/compute/pool.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import { ManualClock } from "../support/clock.ts";
import { endless, entry, input, many, unaborted } from "./fixture.ts";

/** Waits for what threads do, however long the machine takes for it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

/** The code with which it failed, or its value. */
async function outcome(evaluation: Promise<boolean>): Promise<boolean | string> {
  return evaluation.catch((error: unknown) => (error instanceof ExpressionError ? error.code : String(error)));
}

/** Moves time past the deadline of what runs, as soon as all of it runs: `busy` evaluations, each with its deadline. */
async function passDeadline(pool: ExpressionPool, clock: ManualClock, ms = 1000): Promise<void> {
  await until(() => pool.running > 0);
  await clock.advance(ms);
}

test("evaluate() answers from a thread, which stays for the next", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock });
  const port: Expressions = pool; // satisfied by shape
  assert.deepEqual(pool.workers, { busy: 0, idle: 0 }); // none before it is needed
  assert.equal(await port.evaluate("evidence.exists(e, e.verified)", input(), unaborted), true);
  assert.equal(await pool.evaluate("evidence.exists(e, !e.verified)", input(), unaborted), false);
  await until(() => pool.workers.idle === 1);
  assert.deepEqual(pool.workers, { busy: 0, idle: 1 });
});

const refusals: readonly (readonly [expression: string, code: string, message: string, remedy: string])[] = [
  [
    "evidence.exists(e,\n e.verfied)",
    "EXPRESSION_INVALID",
    'line 2, column 3: unknown field "verfied" of an entry of evidence; did you mean "verified"?',
    "fix-configuration",
  ],
  ["namespaceObject.labels.tier == 'a'", "EXPRESSION_FAILED", 'no field "tier" (line 1, column 23)', "fix-configuration"],
  ["dyn(image.tag)", "EXPRESSION_NOT_BOOLEAN", "the expression gives text, and has to give true or false", "fix-configuration"],
];
test("evaluate() says why there is no value, and the thread goes on", async () => {
  await using pool = new ExpressionPool({ clock: new ManualClock(), workers: 1 });
  for (const [expression, code, message, remedy] of refusals) {
    await assert.rejects(pool.evaluate(expression, input(), unaborted), { name: "ExpressionError", code, message, remedy });
    assert.equal(await pool.evaluate("true", input(), unaborted), true);
  }
});

test("evaluate() ends what runs past its deadline, fails that one alone, and serves those that wait", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, workers: 1 });
  const hostile = outcome(pool.evaluate(endless, input(many), unaborted));
  const waiting = [1, 2, 3].map(() => outcome(pool.evaluate("evidence.size() == 1024", input(many), unaborted)));
  await passDeadline(pool, clock);
  assert.equal(await hostile, "EXPRESSION_TIMEOUT");
  assert.deepEqual(await Promise.all(waiting), [true, true, true]);
});

/** A thread that loads until a test lets it. */
class LoadingThread {
  readonly #real = new ExpressionWorker({ heapMb: 64 });
  readonly #loaded = Promise.withResolvers<void>();
  readonly ready: Promise<void> = this.#loaded.promise;
  readonly ended: Promise<void> = this.#real.ended;
  async load(): Promise<void> {
    await this.#real.ready;
    this.#loaded.resolve();
  }
  ask(request: Parameters<ExpressionWorker["ask"]>[0]): ReturnType<ExpressionWorker["ask"]> {
    return this.#real.ask(request);
  }
  stop(): Promise<void> {
    return this.#real.stop();
  }
}

test("evaluate() counts an expression's time from when a thread has it", async () => {
  const clock = new ManualClock();
  const thread = new LoadingThread();
  await using pool = new ExpressionPool({ clock, deadlineMs: 1000, startMs: 60_000, start: () => thread });
  const evaluation = outcome(pool.evaluate(endless, input(many), unaborted));
  await clock.advance(59_999);
  await thread.load();
  await until(() => pool.running === 1);
  await clock.advance(999);
  assert.equal(pool.running, 1);
  await clock.advance(1);
  assert.equal(await evaluation, "EXPRESSION_TIMEOUT");
});

test("evaluate() does not wait for ever for a thread to start", async () => {
  const clock = new ManualClock();
  const threads = [new LoadingThread(), new ExpressionWorker({ heapMb: 64 })];
  await using pool = new ExpressionPool({ clock, startMs: 60_000, start: () => threads.shift() ?? assert.fail("a third thread") });
  const evaluation = pool.evaluate("true", input(), unaborted);
  const message = "no worker for expressions could be started";
  const refused = assert.rejects(evaluation, { code: "EXPRESSION_FAILED", message, remedy: "retry" });
  await clock.advance(60_000);
  await refused;
  assert.equal(await pool.evaluate("true", input(), unaborted), true);
});

const greedy: Readonly<Record<string, string>> = {
  "lists of lists": "evidence.map(a, evidence.map(b, evidence.map(c, [a, b, c]))).size() > 0",
  "a pattern of a quarter million states": `evidence.exists(e, e.digest.matches('${"a{1000}".repeat(250)}'))`,
};
for (const [what, expression] of Object.entries(greedy)) {
  test(`evaluate() outlives an expression that takes all memory: ${what}`, async () => {
    await using pool = new ExpressionPool({ clock: new ManualClock(), workers: 1, heapMb: 32 });
    await assert.rejects(pool.evaluate(expression, input(many), unaborted), {
      code: "EXPRESSION_FAILED",
      message: "it takes more memory than it may",
    });
    assert.equal(await pool.evaluate("evidence.size() == 1024", input(many), unaborted), true);
  });
}

test("evaluate() refuses what is no plain data", async () => {
  await using pool = new ExpressionPool({ clock: new ManualClock(), workers: 1 });
  const strange = input([entry({ reason: (() => "") as unknown as string })]);
  await assert.rejects(pool.evaluate("true", strange, unaborted), {
    code: "EXPRESSION_FAILED",
    message: "it could not be handed to a worker",
  });
  assert.equal(await pool.evaluate("true", input(), unaborted), true);
});

test("evaluate() lets whoever asks leave: at once, and out of the queue", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, workers: 1 });
  const leaver = new AbortController();
  const running = outcome(pool.evaluate(endless, input(many), leaver.signal));
  const waiting = outcome(pool.evaluate("true", input(), leaver.signal));
  const staying = outcome(pool.evaluate("true", input(), unaborted));
  assert.equal(pool.waiting, 2);
  leaver.abort(new RangeError("gone"));
  assert.deepEqual([await running, await waiting], ["RangeError: gone", "RangeError: gone"]);
  assert.equal(pool.waiting, 1);
  await passDeadline(pool, clock);
  assert.equal(await staying, true);
  await assert.rejects(pool.evaluate("true", input(), leaver.signal), /gone/);
});

test("evaluate() refuses what is too much to wait, of the expression that waits most", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, workers: 1, queue: 3 });
  const hostile = outcome(pool.evaluate(endless, input(many), unaborted));
  const many3 = ["true", "true", "true", "true"].map((expression) => pool.evaluate(expression, input(), unaborted));
  const other = pool.evaluate("true || false", input(), unaborted);
  for (const refused of [many3[3], many3[2]])
    await assert.rejects(refused ?? Promise.resolve(), {
      code: "EXPRESSION_FAILED",
      message: "too many expressions wait to be evaluated",
      remedy: "retry",
    });
  await passDeadline(pool, clock);
  assert.deepEqual([await many3[0], await many3[1], await other, await hostile], [true, true, true, "EXPRESSION_TIMEOUT"]);
});

test("evaluate() gives expressions that ran into their deadline never all threads, until a minute later", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, workers: 2 });
  const first = outcome(pool.evaluate(endless, input(many), unaborted));
  await passDeadline(pool, clock);
  assert.equal(await first, "EXPRESSION_TIMEOUT");
  const again = [1, 2, 3].map(() => outcome(pool.evaluate(endless, input(many), unaborted)));
  assert.equal(await pool.evaluate("true", input(), unaborted), true); // although three were there before
  assert.equal(pool.waiting, 2);
  for (const one of again) {
    await passDeadline(pool, clock);
    assert.equal(await one, "EXPRESSION_TIMEOUT");
  }
  await clock.advance(60_000);
  const later = [1, 2].map(() => outcome(pool.evaluate(endless, input(many), unaborted)));
  await until(() => pool.running === 2);
  await clock.advance(1000);
  assert.deepEqual(await Promise.all(later), ["EXPRESSION_TIMEOUT", "EXPRESSION_TIMEOUT"]);
});

test("a thread without work ends, and the next evaluation starts another", async () => {
  const clock = new ManualClock();
  await using pool = new ExpressionPool({ clock, idleMs: 120_000 });
  assert.equal(await pool.evaluate("true", input(), unaborted), true);
  await until(() => pool.workers.idle === 1);
  await clock.advance(119_999);
  assert.deepEqual(pool.workers, { busy: 0, idle: 1 });
  await clock.advance(1);
  assert.deepEqual(pool.workers, { busy: 0, idle: 0 });
  assert.equal(await pool.evaluate("true", input(), unaborted), true);
});

test("the end of the pool fails what runs and what waits, ends all threads, and leaves no timer", async () => {
  const clock = new ManualClock();
  const pool = new ExpressionPool({ clock, workers: 2 });
  assert.equal(await pool.evaluate("true", input(), unaborted), true);
  await until(() => pool.workers.idle === 1);
  const asked = [endless, `${endless} `, "true"].map((expression) => outcome(pool.evaluate(expression, input(many), unaborted)));
  await until(() => pool.running === 2);
  await pool[Symbol.asyncDispose]();
  assert.deepEqual(await Promise.all(asked), ["EXPRESSION_FAILED", "EXPRESSION_FAILED", "EXPRESSION_FAILED"]);
  assert.deepEqual([pool.workers, pool.waiting, clock.pending], [{ busy: 0, idle: 0 }, 0, 0]);
  await assert.rejects(pool.evaluate("true", input(), unaborted), {
    code: "EXPRESSION_FAILED",
    message: "expressions are not evaluated any more",
  });
});
