import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger } from "../../src/kernel/logger.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { ConfigLoop } from "../../src/operator/loop.ts";
import { Compiler } from "../../src/snapshot/compiler.ts";
import { SnapshotHolder } from "../../src/snapshot/holder.ts";
import { CountingFactories, registry } from "../snapshot/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { MemorySource } from "./memory-source.ts";

const withExpression: object = { scopes: ["a.io"], require: [{ expression: "fine" }] };
const withoutExpression: object = { scopes: ["a.io"], require: [{ verifierRef: { name: "release" } }] };

/** A loop whose expressions can be read once `loads` has answered a call of `prepare` with success. */
class Scene implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly source = new MemorySource();
  readonly holder = new SnapshotHolder();
  readonly calls: PromiseWithResolvers<void>[] = [];
  readonly errors: string[] = [];
  publications = 0;
  readonly #factories = new CountingFactories();
  readonly #stop = new AbortController();
  readonly #loop: ConfigLoop;
  #running: Promise<void> | undefined;

  constructor() {
    this.#factories.refusal = "CEL is not there";
    const logger: Logger = { ...silentLogger, error: (message, fields) => this.errors.push(`${message}: ${String(fields?.["error"])}`) };
    this.#loop = new ConfigLoop({
      source: this.source,
      compiler: new Compiler(this.#factories),
      holder: this.holder,
      clock: this.clock,
      logger,
      metrics: silentMetrics,
      prepare: () => {
        const call = Promise.withResolvers<void>();
        this.calls.push(call);
        return call.promise.then(() => void (this.#factories.refusal = undefined));
      },
      published: () => (this.publications += 1),
    });
  }

  async run(): Promise<void> {
    this.#running = this.#loop.start(this.#stop.signal).then(() => this.#loop.run(this.#stop.signal));
    await this.clock.settle();
  }

  /** Ids of the Policies that are there, each with a question mark if it is invalid. */
  get policies(): readonly string[] {
    return [...(this.holder.current?.policies ?? [])].map(([id, { problem }]) => (problem === undefined ? id : `${id}?`)).toSorted();
  }
  get problem(): string | undefined {
    return this.holder.current?.policies.get("p")?.problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The test has ended", "AbortError"));
    await this.#running;
    await this.clock.settle();
    assert.equal(this.clock.pending, 0, "a stopped loop leaves no timers behind");
  }
}

test("ConfigLoop prepares nothing where no Policy has an expression", async () => {
  await using scene = new Scene();
  scene.source.put("Policy", "p", withoutExpression);
  scene.source.put("Store", "s", registry(["a.io"]));
  await scene.run();
  assert.deepEqual([scene.calls.length, scene.policies], [0, ["p"]]);
});

test("ConfigLoop prepares once, before it compiles the first Policy with an expression, of a namespace too", async () => {
  await using scene = new Scene();
  scene.source.put("NamespacedPolicy", "team-a/p", { scopes: ["a.io"], require: [{ name: "r", anyOf: [{ expression: "fine" }] }] });
  await scene.run();
  assert.deepEqual([scene.calls.length, scene.publications], [1, 0]);
  scene.calls[0]?.resolve();
  await scene.clock.settle();
  assert.deepEqual([scene.publications, scene.policies], [1, ["team-a/p"]]);
  scene.source.put("Policy", "p", withExpression);
  await scene.clock.advance(1000);
  assert.deepEqual([scene.calls.length, scene.policies], [1, ["p", "team-a/p"]]);
});

test("ConfigLoop compiles without it after 5 s, as a Policy that allows nothing, and once more when it is there", async () => {
  await using scene = new Scene();
  scene.source.put("Policy", "p", withExpression);
  scene.source.put("Store", "s", registry(["a.io"]));
  await scene.run();
  await scene.clock.advance(4999);
  assert.equal(scene.publications, 0);
  await scene.clock.advance(1);
  assert.deepEqual([scene.policies, scene.holder.current?.stores.size], [["p?"], 1]);
  assert.equal(scene.problem, "Policy/p is invalid: spec.require[0].expression: CEL is not there");
  scene.source.put("Policy", "q", withExpression);
  await scene.clock.advance(100);
  assert.deepEqual(scene.policies, ["p?", "q?"], "it is not waited for again");
  scene.calls[0]?.resolve();
  await scene.clock.settle();
  await scene.clock.advance(100);
  assert.deepEqual([scene.policies, scene.calls.length], [["p", "q"], 1]);
});

test("ConfigLoop goes on when preparing fails, says so, and tries again after a minute", async () => {
  await using scene = new Scene();
  scene.source.put("Policy", "p", withExpression);
  await scene.run();
  scene.calls[0]?.reject(new Error("no such module"));
  await scene.clock.settle();
  assert.deepEqual(scene.policies, ["p?"]);
  assert.deepEqual(scene.errors, ["expressions of policies cannot be compiled: Error: no such module"]);
  await scene.clock.advance(59_999);
  assert.equal(scene.calls.length, 1);
  await scene.clock.advance(101);
  assert.equal(scene.calls.length, 2);
  scene.calls[1]?.resolve();
  await scene.clock.settle();
  assert.deepEqual(scene.policies, ["p"]);
});
