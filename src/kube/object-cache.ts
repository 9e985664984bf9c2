import { KubeError } from "./kube-error.ts";
import { type KubeObject, keyOf } from "./object.ts";
import type { Collection } from "./resource.ts";
import { scopeOf } from "./resource.ts";

/** What a change to the cache was, for the metric. */
export type Change = "added" | "modified" | "deleted";

/** How a cache tells of changes, and what it may hold. */
export interface ObjectCacheOptions {
  readonly collection: Collection;
  /** Called after each change, with the key alone: what is there now is read from the cache. */
  readonly changed: (key: string, change: Change) => void;
  /** More objects than this are an error and not a cache: a list that stops short would hide the rest. */
  readonly maxObjects: number;
}

/** The objects of one collection as the API server last told them. */
export class ObjectCache {
  readonly #options: ObjectCacheOptions;
  readonly #objects = new Map<string, KubeObject>();

  constructor(options: ObjectCacheOptions) {
    this.#options = options;
  }

  /** A live view, by key. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  keyOf(object: KubeObject): string {
    return keyOf(object, scopeOf(this.#options.collection));
  }

  /** Adds or changes one object. Another uid under the same key is another object: the old one goes first, and whoever looks then finds none. */
  set(object: KubeObject): void {
    const key = this.keyOf(object);
    const known = this.#objects.get(key);
    if (known !== undefined && isSame(known, object)) return; // told again after a reconnect
    if (known === undefined && this.#objects.size >= this.#options.maxObjects) throw tooMany(this.#options);
    const isAnother = known !== undefined && known.metadata.uid !== object.metadata.uid;
    if (isAnother) this.#delete(key);
    this.#objects.set(key, object);
    this.#options.changed(key, known === undefined || isAnother ? "added" : "modified");
  }

  /** Removes an object, unless another of the same name has taken its place. */
  delete(object: KubeObject): void {
    const key = this.keyOf(object);
    if (this.#objects.get(key)?.metadata.uid === object.metadata.uid) this.#delete(key);
  }

  /** Makes the cache equal to a complete list: what is not in it goes, what has not changed stays unmentioned. */
  replace(list: ReadonlyMap<string, KubeObject>): void {
    for (const key of [...this.#objects.keys()]) if (!list.has(key)) this.#delete(key);
    for (const object of list.values()) this.set(object);
  }

  #delete(key: string): void {
    this.#objects.delete(key);
    this.#options.changed(key, "deleted");
  }
}

/** Collects a list object by object, with the same bound. */
export class ObjectList {
  readonly #options: Pick<ObjectCacheOptions, "collection" | "maxObjects">;
  readonly #objects = new Map<string, KubeObject>();

  constructor(options: Pick<ObjectCacheOptions, "collection" | "maxObjects">) {
    this.#options = options;
  }

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  set(object: KubeObject): void {
    this.#objects.set(keyOf(object, scopeOf(this.#options.collection)), object);
    if (this.#objects.size > this.#options.maxObjects) throw tooMany(this.#options);
  }

  delete(object: KubeObject): void {
    this.#objects.delete(keyOf(object, scopeOf(this.#options.collection)));
  }
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

function tooMany(options: Pick<ObjectCacheOptions, "collection" | "maxObjects">): KubeError {
  return new KubeError(
    "KUBE_LIMIT_EXCEEDED",
    `There are more than ${options.maxObjects} objects of kind ${options.collection.resource.kind}`,
  );
}
