import { type Clock, raceSignal } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Gauge, Histogram, Metrics } from "../kernel/metrics.ts";
import { resourceKinds } from "../api/object.ts";
import { mentionsExpression } from "../snapshot/compile-policy.ts";
import type { Snapshot } from "../snapshot/compiled.ts";
import type { Compiler, DirtyKey } from "../snapshot/compiler.ts";
import type { SnapshotHolder } from "../snapshot/holder.ts";
import type { ResourceSource } from "./ports.ts";
import { readFrom } from "./read-raw.ts";

export interface LoopDeps {
  readonly source: ResourceSource;
  readonly compiler: Compiler;
  readonly holder: SnapshotHolder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Loads what compiles the expressions of Policies; called once there is one, again after a failure, and never after a success. */
  readonly prepare?: () => Promise<void>;
  /** Called after each publication, the first included; must not throw. */
  readonly published: (next: Snapshot, previous: Snapshot | undefined) => void;
  /** How long to wait for more changes before compiling. Default 100 ms: a `kubectl apply` of many files becomes one compilation. */
  readonly coalesceMs?: number;
}

/** How long a compilation waits for {@link LoopDeps.prepare}: the rest of the configuration is not held up by a module that does not load. */
const prepareMs = 5000;
const retryPrepareMs = 60_000;

/**
 * From changed objects to a published snapshot. Level-based: an event only marks a key dirty, the cache is read afresh (design 5). A compilation is
 * synchronous and never fails on account of input: what is wrong with an object is its diagnostics.
 */
export class ConfigLoop {
  readonly #deps: LoopDeps;
  readonly #duration: Histogram;
  readonly #objects: Gauge;
  #dirty = new Set<DirtyKey>();
  #wake: () => void = () => {};
  #preparation: "none" | "begun" | "done" = "none";
  /** Policies with an expression that were to be compiled before what compiles it was there. */
  readonly #unprepared = new Set<DirtyKey>();

  constructor(deps: LoopDeps) {
    this.#deps = deps;
    this.#duration = deps.metrics.histogram("countersign_compile_duration_seconds", "Time to compile a change into a snapshot", {
      buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5],
    });
    this.#objects = deps.metrics.gauge("countersign_objects", "Objects in the current snapshot", ["kind"]);
  }

  /** Resolves once the first snapshot is published; the loop then goes on until `signal` aborts (see {@link run}). */
  async start(signal: AbortSignal): Promise<void> {
    await this.#deps.source.start({ changed: (kind, name) => this.#mark(`${kind}/${name}`) }, signal);
    for (const kind of resourceKinds) for (const name of this.#deps.source.objects(kind).keys()) this.#dirty.add(`${kind}/${name}`);
    await this.#prepare(signal);
    this.#compile();
  }

  /** Compiles whatever becomes dirty, until `signal` aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, coalesceMs = 100 } = this.#deps;
    // One listener for the whole run: the signal outlives every wait.
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      await this.#changed(signal);
      try {
        await clock.sleep(coalesceMs, signal);
      } catch {
        return; // the signal aborted: what is dirty now belongs to the next start
      }
      await this.#prepare(signal);
      if (this.#dirty.size > 0 && !signal.aborted) this.#compile();
    }
  }

  #mark(key: DirtyKey): void {
    this.#dirty.add(key);
    this.#wake();
  }

  #changed(signal: AbortSignal): Promise<void> {
    if (this.#dirty.size > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** If that fails, or takes too long, the Policies that wait for it are compiled all the same, as ones that allow nothing, and once more when it is there. */
  async #prepare(signal: AbortSignal): Promise<void> {
    const { clock, prepare, source } = this.#deps;
    if (prepare === undefined || this.#preparation === "done") return;
    const isWaiting = (key: DirtyKey): boolean => {
      const slash = key.indexOf("/");
      const kind = key.slice(0, slash);
      return (kind === "Policy" || kind === "NamespacedPolicy") && mentionsExpression(source.objects(kind).get(key.slice(slash + 1)));
    };
    const waiting = [...this.#dirty].filter(isWaiting);
    if (waiting.length === 0) return;
    for (const key of waiting) this.#unprepared.add(key);
    if (this.#preparation !== "none") return;
    this.#preparation = "begun";
    using patience = clock.deadline(prepareMs, signal);
    await raceSignal(this.#attempt(prepare, signal), patience.signal).catch(() => {});
  }

  async #attempt(prepare: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await prepare();
      this.#preparation = "done";
      this.#retryUnprepared();
    } catch (error) {
      this.#deps.logger.error("expressions of policies cannot be compiled", { ...(error instanceof Error && { error }) });
      const again = (): void => {
        this.#preparation = "none";
        this.#retryUnprepared();
      };
      this.#deps.clock.sleep(retryPrepareMs, signal).then(again, () => {});
    }
  }

  #retryUnprepared(): void {
    for (const key of this.#unprepared) this.#mark(key);
    this.#unprepared.clear();
  }

  #compile(): void {
    const { clock, compiler, holder, logger, source } = this.#deps;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const start = clock.monotonic();
    const previous = holder.current;
    const next = compiler.compile(dirty, readFrom(source));
    holder.publish(next);
    this.#duration.observe((clock.monotonic() - start) / 1000);
    this.#objects.set(next.stores.size, { kind: "Store" });
    this.#objects.set(next.authProviders.size, { kind: "AuthProvider" });
    this.#objects.set(next.verifiers.size, { kind: "Verifier" });
    this.#objects.set(next.keyProviders.size, { kind: "KeyProvider" });
    this.#objects.set(next.policies.size, { kind: "Policy" });
    if (next.revision !== previous?.revision) logger.info("configuration published", { revision: next.revision, changed: dirty.size });
    this.#deps.published(next, previous);
  }
}
