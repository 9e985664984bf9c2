import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { KubeClient } from "./client.ts";
import { Reflector, type WatchListSupport } from "./reflector.ts";
import type { ReflectorLimits } from "./reflector-limits.ts";
import { declareReflectorMetrics } from "./reflector-metrics.ts";
import type { Collection } from "./resource.ts";

/** What a source is made of. */
export interface KubeSourceOptions {
  /** One per kind: cluster-scoped, or of one namespace, so that a name is a key. */
  readonly collections: readonly Collection[];
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<ReflectorLimits>;
}

/** How one kind is doing, for readiness. */
export interface CollectionHealth {
  readonly kind: string;
  readonly hasSynced: boolean;
  /** Time since the server last sent anything for this kind, in ms; more than 10 min make a replica unready (design 5). */
  readonly silentMs: number;
  /** What went wrong last, while nothing has been received since. */
  readonly failure?: Error;
}

/** Several collections, followed together; satisfies the operator's port for where resources come from. */
export class KubeSource {
  readonly #reflectors: ReadonlyMap<string, Reflector>;
  readonly #options: KubeSourceOptions;
  #listener: (kind: string, name: string) => void = () => {};
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: KubeSourceOptions) {
    this.#options = options;
    const watchList: WatchListSupport = { isRefused: false };
    const metrics = declareReflectorMetrics(options.metrics);
    const create = (collection: Collection): Reflector => {
      const { kind } = collection.resource;
      return new Reflector(collection, { ...options, metrics, watchList, changed: (name) => this.#listener(kind, name) });
    };
    this.#reflectors = new Map(options.collections.map((collection) => [collection.resource.kind, create(collection)]));
  }

  /** Resolves once every kind has been listed; goes on until `signal` aborts. Rejects only with the signal's reason. */
  async start(listener: { changed(kind: string, name: string): void }, signal: AbortSignal): Promise<void> {
    this.#listener = (kind, name) => listener.changed(kind, name);
    const reflectors = [...this.#reflectors.values()];
    this.#stopped = Promise.all(reflectors.map((reflector) => reflector.run(signal))).then(() => {});
    this.#stopped.catch((error: unknown) => {
      // A defect of ours: the kind falls silent, which readiness sees.
      this.#options.logger.error("a reflector ended", { ...(error instanceof Error && { error }) });
    });
    await Promise.all(reflectors.map((reflector) => reflector.synced(signal)));
  }

  /** Resolves once every watch has ended, after the signal of `start` aborted. */
  async stopped(): Promise<void> {
    await this.#stopped;
  }

  /** Deep-frozen objects of one kind, by key; a live view. Empty for a kind that is not followed. */
  objects(kind: string): ReadonlyMap<string, unknown> {
    return this.#reflectors.get(kind)?.objects ?? new Map();
  }

  /** How each kind is doing. */
  health(): readonly CollectionHealth[] {
    const now = this.#options.clock.monotonic();
    return [...this.#reflectors].map(([kind, reflector]) => ({
      kind,
      hasSynced: reflector.hasSynced,
      silentMs: now - reflector.lastActivityAt,
      ...(reflector.failure !== undefined && { failure: reflector.failure }),
    }));
  }
}
