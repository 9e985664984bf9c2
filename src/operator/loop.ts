import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Gauge, Histogram, Metrics } from "../kernel/metrics.ts";
import { resourceKinds } from "../api/object.ts";
import type { Snapshot } from "../snapshot/compiled.ts";
import type { Compiler, DirtyKey } from "../snapshot/compiler.ts";
import type { SnapshotHolder } from "../snapshot/holder.ts";
import type { ResourceSource } from "./ports.ts";

export interface LoopDeps {
  readonly source: ResourceSource;
  readonly compiler: Compiler;
  readonly holder: SnapshotHolder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Called after each publication, the first included; must not throw. */
  readonly published: (next: Snapshot, previous: Snapshot | undefined) => void;
  /** How long to wait for more changes before compiling. Default 100 ms: a `kubectl apply` of many files becomes one compilation. */
  readonly coalesceMs?: number;
}

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
      if (this.#dirty.size > 0) this.#compile();
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

  #compile(): void {
    const { clock, compiler, holder, logger, source } = this.#deps;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const start = clock.monotonic();
    const previous = holder.current;
    const next = compiler.compile(dirty, (kind, name) => source.objects(kind).get(name));
    holder.publish(next);
    this.#duration.observe((clock.monotonic() - start) / 1000);
    this.#objects.set(next.stores.size, { kind: "Store" });
    this.#objects.set(next.authProviders.size, { kind: "AuthProvider" });
    this.#objects.set(next.verifiers.size, { kind: "Verifier" });
    this.#objects.set(next.keyProviders.size, { kind: "KeyProvider" });
    if (next.revision !== previous?.revision) logger.info("configuration published", { revision: next.revision, changed: dirty.size });
    this.#deps.published(next, previous);
  }
}
