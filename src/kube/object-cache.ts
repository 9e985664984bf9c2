import { KubeError } from "./kube-error.ts";
import { type NamespaceLimits, NamespaceQuota } from "./namespace-quota.ts";
import { type KubeObject, keyOf } from "./object.ts";
import type { Collection } from "./resource.ts";
import { scopeOf } from "./resource.ts";

/** What a change to the cache was, for the metric. */
export type Change = "added" | "modified" | "deleted";

/** What a list or a cache may hold. */
export interface ObjectLimits {
  readonly collection: Collection;
  /** More objects than this are an error and not a cache: a list that stops short would hide the rest. */
  readonly maxObjects: number;
  /** What one namespace may take of it. Default: all. */
  readonly perNamespace?: NamespaceLimits;
}

/** How a cache tells of changes, and what it may hold. */
export interface ObjectCacheOptions extends ObjectLimits {
  /** Called after each change, with the key alone: what is there now is read from the cache. */
  readonly changed: (key: string, change: Change) => void;
}

/** The objects of one collection as the API server last told them. */
export class ObjectCache {
  readonly #options: ObjectCacheOptions;
  readonly #objects = new Map<string, KubeObject>();
  #quota: NamespaceQuota;

  constructor(options: ObjectCacheOptions) {
    this.#options = options;
    this.#quota = new NamespaceQuota(options.perNamespace);
  }

  /** A live view, by key. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  /** Namespaces that have more than is kept of them; what is missing comes with the next list. */
  get overfull(): ReadonlySet<string> {
    return this.#quota.overfull;
  }

  keyOf(object: KubeObject): string {
    return keyOf(object, scopeOf(this.#options.collection));
  }

  /** Adds or changes one object. Another uid under the same key is another object: the old one goes first, and whoever looks then finds none. */
  set(object: KubeObject): void {
    const key = this.keyOf(object);
    const known = this.#objects.get(key);
    if (known !== undefined && isSame(known, object) && !this.#quota.isPlaceholder(key)) return; // told again after a reconnect
    if (known === undefined && this.#objects.size >= this.#options.maxObjects) throw tooMany(this.#options);
    this.#put(key, this.#quota.take(key, object));
  }

  /** Removes an object, unless another of the same name has taken its place. */
  delete(object: KubeObject): void {
    const key = this.keyOf(object);
    if (this.#objects.get(key)?.metadata.uid === object.metadata.uid && this.#quota.give(key)) this.#delete(key);
  }

  /** Makes the cache equal to a complete list: what is not in it goes, what has not changed stays unmentioned. */
  replace(list: Pick<ObjectList, "objects" | "quota">): void {
    const before = this.#quota;
    this.#quota = list.quota;
    for (const key of [...this.#objects.keys()]) if (!list.objects.has(key)) this.#delete(key);
    for (const [key, object] of list.objects) {
      const known = this.#objects.get(key);
      const isKnown = known !== undefined && isSame(known, object) && before.isPlaceholder(key) === list.quota.isPlaceholder(key);
      if (!isKnown) this.#put(key, object);
    }
  }

  #put(key: string, object: KubeObject | undefined): void {
    const known = this.#objects.get(key);
    if (known !== undefined && known.metadata.uid !== object?.metadata.uid) this.#delete(key);
    if (object === undefined) return;
    const change = this.#objects.has(key) ? "modified" : "added";
    this.#objects.set(key, object);
    this.#options.changed(key, change);
  }

  #delete(key: string): void {
    this.#objects.delete(key);
    this.#options.changed(key, "deleted");
  }
}

/** Collects a list object by object, with the same bounds. */
export class ObjectList {
  readonly quota: NamespaceQuota;
  readonly #options: ObjectLimits;
  readonly #objects = new Map<string, KubeObject>();

  constructor(options: ObjectLimits) {
    this.#options = options;
    this.quota = new NamespaceQuota(options.perNamespace);
  }

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  set(object: KubeObject): void {
    const key = keyOf(object, scopeOf(this.#options.collection));
    const kept = this.quota.take(key, object);
    if (kept === undefined) this.#objects.delete(key);
    else this.#objects.set(key, kept);
    if (this.#objects.size > this.#options.maxObjects) throw tooMany(this.#options);
  }

  delete(object: KubeObject): void {
    const key = keyOf(object, scopeOf(this.#options.collection));
    if (this.quota.give(key)) this.#objects.delete(key);
  }
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

function tooMany(options: ObjectLimits): KubeError {
  return new KubeError(
    "KUBE_LIMIT_EXCEEDED",
    `There are more than ${options.maxObjects} objects of kind ${options.collection.resource.kind}`,
  );
}
