import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { KubeObject } from "./object.ts";
import type { ReflectorDeps } from "./reflector.ts";
import type { Collection } from "./resource.ts";
import type { Denial } from "./tenant-follow.ts";
import { type TenantLimits, tenantLimits } from "./tenant-limits.ts";
import { type TenantHealth, TenantMaterials } from "./tenant-materials.ts";

/** What namespaced objects refer to. */
export interface TenantOptions {
  /** Its kinds, without a namespace. One that has a collection of its own is seen together with it: `name` there, `namespace/name` here. */
  readonly materials: readonly Collection[];
  /** Of these kinds an object refers to some. One too many costs a watch; one too few is never read. */
  readonly needs: (object: unknown) => ReadonlySet<string>;
  readonly limits?: Partial<TenantLimits>;
}

/** What ties it to the rest of a source. */
export interface TenantSourceOptions extends TenantOptions {
  readonly reflector: Omit<ReflectorDeps, "changed" | "noticed"> & { readonly logger: Logger };
  readonly metrics: Metrics;
  readonly changed: (kind: string, key: string) => void;
  /** RFC 3339; undefined for a namespace that is not known (yet). */
  readonly createdAt: (namespace: string) => string | undefined;
}

/** Knows which namespaces have objects that need materials, has these followed, and shows them together with those of the own namespace. */
export class TenantSource {
  readonly #options: TenantSourceOptions;
  readonly #materials: TenantMaterials;
  /** Of each kind of materials, all objects by key. */
  readonly #objects: ReadonlyMap<string, Map<string, KubeObject>>;
  /** By namespace: `[kind, key]` of its objects, and what each needs. */
  readonly #needs = new Map<string, Map<string, Need>>();
  #isStarted = false;

  constructor(options: TenantSourceOptions) {
    this.#options = options;
    this.#objects = new Map(options.materials.map(({ resource }) => [resource.kind, new Map<string, KubeObject>()]));
    const limits = { ...tenantLimits, ...options.limits };
    const { metrics } = options.reflector;
    const nothing = { set: () => {}, remove: () => {} };
    this.#materials = new TenantMaterials({
      collections: options.materials,
      reflector: {
        ...options.reflector,
        // One series a kind: those of the own collection, which a hundred others would overwrite.
        metrics: { ...metrics, objects: nothing, lastActivity: nothing },
        limits: { ...options.reflector.limits, perNamespace: limits.materials },
      },
      limits,
      logger: options.reflector.logger,
      metrics: options.metrics,
      changed: ({ kind, namespace, name }, object) => this.#put(kind, `${namespace}/${name}`, object),
      noticed: (kind, namespace) => this.#wake(kind, namespace),
      byAge: (a, b) => this.#compareAge(a, b),
    });
  }

  /** Objects of a kind of materials, by key; undefined for any other kind. */
  objects(kind: string): ReadonlyMap<string, unknown> | undefined {
    return this.#objects.get(kind);
  }

  denied(kind: string, namespace: string): Denial | undefined {
    return this.#materials.denied(kind, namespace);
  }

  health(): TenantHealth {
    return this.#materials.health();
  }

  /** Follows what is needed by now, the oldest namespaces first, and from then on whatever becomes needed. */
  async start(signal: AbortSignal): Promise<void> {
    this.#isStarted = true;
    for (const namespace of [...this.#needs.keys()].toSorted((a, b) => this.#compareAge(a, b))) this.#follow(namespace);
    await this.#materials.answered(signal);
  }

  async close(): Promise<void> {
    await this.#materials.close();
  }

  /** An object of one of the source's own collections has come, changed or gone. */
  changed(at: { readonly kind: string; readonly key: string; readonly isOfTenants: boolean }, object: KubeObject | undefined): void {
    const { kind, key, isOfTenants } = at;
    if (isOfTenants) this.#noteNeeds(at, object);
    else if (this.#objects.has(kind)) this.#set(kind, key, object);
  }

  #noteNeeds({ kind, key }: { readonly kind: string; readonly key: string }, object: KubeObject | undefined): void {
    const namespace = key.slice(0, key.indexOf("/"));
    const needs = this.#needs.get(namespace) ?? new Map<string, Need>();
    const kinds = object === undefined ? new Set<string>() : this.#options.needs(object);
    if (kinds.size > 0) needs.set(`${kind}/${key}`, { kind, key, kinds });
    else needs.delete(`${kind}/${key}`);
    if (needs.size > 0) this.#needs.set(namespace, needs);
    else this.#needs.delete(namespace);
    if (this.#isStarted) this.#follow(namespace);
  }

  #follow(namespace: string): void {
    const needed = new Set<string>();
    for (const { kinds } of this.#needs.get(namespace)?.values() ?? []) for (const kind of kinds) needed.add(kind);
    this.#materials.need(namespace, needed);
  }

  #put(kind: string, key: string, object: KubeObject | undefined): void {
    this.#set(kind, key, object);
    this.#options.changed(kind, key);
  }

  #set(kind: string, key: string, object: KubeObject | undefined): void {
    if (object === undefined) this.#objects.get(kind)?.delete(key);
    else this.#objects.get(kind)?.set(key, object);
  }

  /** Whether something is missing or may not be read is a difference that the objects which refer to it show. */
  #wake(kind: string, namespace: string): void {
    for (const need of this.#needs.get(namespace)?.values() ?? []) if (need.kinds.has(kind)) this.#options.changed(need.kind, need.key);
  }

  /** Whoever makes namespaces cannot choose their age. One that is not known has none yet. */
  #compareAge(a: string, b: string): number {
    const [left, right] = [this.#options.createdAt(a) ?? "9999", this.#options.createdAt(b) ?? "9999"];
    if (left !== right) return left < right ? -1 : 1;
    return a < b ? -1 : 1;
  }
}

interface Need {
  readonly kind: string;
  readonly key: string;
  readonly kinds: ReadonlySet<string>;
}
