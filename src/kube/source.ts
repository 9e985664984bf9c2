import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { KubeClient } from "./client.ts";
import type { KubeObject } from "./object.ts";
import { Reflector, type ReflectorDeps, type WatchListSupport } from "./reflector.ts";
import type { ReflectorLimits } from "./reflector-limits.ts";
import { declareReflectorMetrics } from "./reflector-metrics.ts";
import { type Collection, scopeOf } from "./resource.ts";
import { TenantSource, type TenantOptions } from "./tenant-source.ts";
import { tenantLimits } from "./tenant-limits.ts";
import type { Denial } from "./tenant-follow.ts";
import type { TenantHealth } from "./tenant-materials.ts";

/** What a source is made of. */
export interface KubeSourceOptions {
  /** One per kind: cluster-scoped, or of one namespace, so that a name is a key; or of all namespaces, whose keys are `namespace/name`. */
  readonly collections: readonly Collection[];
  /** What objects of all namespaces refer to, each in its own. Default: nothing. */
  readonly tenants?: TenantOptions;
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
  readonly #tenants: TenantSource | undefined;
  readonly #options: KubeSourceOptions;
  /** Namespaces that have more objects of a kind than are kept, as last logged: `Kind namespace`. */
  readonly #overfull = new Set<string>();
  #listener: (kind: string, key: string) => void = () => {};
  #stopped: Promise<void> = Promise.resolve();

  constructor(options: KubeSourceOptions) {
    this.#options = options;
    const watchList: WatchListSupport = { isRefused: false };
    const shared = { ...options, metrics: declareReflectorMetrics(options.metrics), watchList };
    this.#reflectors = new Map(options.collections.map((collection) => [collection.resource.kind, this.#reflector(collection, shared)]));
    const { tenants } = options;
    if (tenants === undefined) return;
    this.#tenants = new TenantSource({
      ...tenants,
      reflector: shared,
      metrics: options.metrics,
      changed: (kind, key) => this.#listener(kind, key),
      createdAt: (namespace) => createdAt(this.#reflectors.get("Namespace")?.objects.get(namespace)),
    });
  }

  /**
   * Resolves once every kind has been listed, and of what tenants' objects refer to whatever could be, in the time there is; goes on until `signal`
   * aborts. Rejects only with the signal's reason.
   */
  async start(listener: { changed(kind: string, key: string): void }, signal: AbortSignal): Promise<void> {
    this.#listener = (kind, key) => listener.changed(kind, key);
    const reflectors = [...this.#reflectors.values()];
    const ended = Promise.all(reflectors.map((reflector) => reflector.run(signal)));
    this.#stopped = ended.then(() => this.#tenants?.close());
    this.#stopped.catch((error: unknown) => {
      // A defect of ours: the kind falls silent, which readiness sees.
      this.#options.logger.error("a reflector ended", { ...(error instanceof Error && { error }) });
    });
    await Promise.all(reflectors.map((reflector) => reflector.synced(signal)));
    await this.#tenants?.start(signal);
  }

  /** Resolves once every watch has ended, after the signal of `start` aborted. */
  async stopped(): Promise<void> {
    await this.#stopped;
  }

  /** Deep-frozen objects of one kind, by key; a live view. Empty for a kind that is not followed. */
  objects(kind: string): ReadonlyMap<string, unknown> {
    return this.#tenants?.objects(kind) ?? this.#reflectors.get(kind)?.objects ?? new Map();
  }

  /** Why objects of a kind in a namespace are missing though they may exist; undefined: what is not there does not exist, or nobody needs it. */
  denied(kind: string, namespace: string): Denial | undefined {
    if (this.#reflectors.get(kind)?.overfull.has(namespace) === true) return "TooLarge";
    return this.#tenants?.denied(kind, namespace);
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

  /** How tenants' namespaces are doing; none of it makes a replica unready. */
  tenantHealth(): TenantHealth {
    return this.#tenants?.health() ?? { followed: 0, denied: [], refused: [] };
  }

  #reflector(collection: Collection, shared: Omit<ReflectorDeps, "changed" | "noticed">): Reflector {
    const { kind } = collection.resource;
    const isOfTenants = scopeOf(collection) === "all-namespaces";
    const { objects } = this.#options.tenants?.limits ?? tenantLimits;
    const limits = isOfTenants ? { perNamespace: objects ?? tenantLimits.objects, ...shared.limits } : shared.limits;
    const reflector: Reflector = new Reflector(collection, {
      ...shared,
      ...(limits !== undefined && { limits }),
      noticed: () => this.#reportOverfull(kind, reflector.overfull),
      changed: (key) => {
        this.#tenants?.changed({ kind, key, isOfTenants }, reflector.objects.get(key));
        this.#listener(kind, key);
      },
    });
    return reflector;
  }

  #reportOverfull(kind: string, overfull: ReadonlySet<string>): void {
    for (const namespace of overfull) {
      if (this.#overfull.has(`${kind} ${namespace}`)) continue;
      this.#overfull.add(`${kind} ${namespace}`);
      this.#options.logger.warn("a namespace has more objects of a kind than are used", { kind, namespace });
    }
    for (const known of this.#overfull) {
      const [ofKind = "", namespace = ""] = known.split(" ");
      if (ofKind === kind && !overfull.has(namespace)) this.#overfull.delete(known);
    }
  }
}

function createdAt(namespace: KubeObject | undefined): string | undefined {
  const created = (namespace?.metadata as { readonly creationTimestamp?: unknown } | undefined)?.creationTimestamp;
  return typeof created === "string" ? created : undefined;
}
