import type { KubeObject } from "./object.ts";

/** What one namespace may take of a cache: whoever may create objects in one namespace must not be able to fill the memory that all share. */
export interface NamespaceLimits {
  readonly maxObjects: number;
  /** Of all its objects together: the characters of their texts, and something for each value. */
  readonly maxBytes: number;
  /**
   * So many objects beyond the limits are kept by their identity alone, without content: a reader that fails closed on what it cannot read does so for
   * this namespace, which it would not if they were simply not there.
   */
  readonly maxPlaceholders: number;
}

interface Usage {
  objects: number;
  bytes: number;
  placeholders: number;
  /** Stays true until the next list: which ones were dropped is not remembered. */
  hasDropped: boolean;
}
interface Kept {
  readonly namespace: string;
  readonly bytes: number;
  readonly isPlaceholder: boolean;
}

/** Keeps account of what each namespace takes of one collection. Without limits everything is kept, and nothing counted. */
export class NamespaceQuota {
  readonly #limits: NamespaceLimits | undefined;
  readonly #usage = new Map<string, Usage>();
  readonly #kept = new Map<string, Kept>();
  readonly #overfull = new Set<string>();

  constructor(limits: NamespaceLimits | undefined) {
    this.#limits = limits;
  }

  /** Namespaces of which less is kept than there is; a live view. */
  get overfull(): ReadonlySet<string> {
    return this.#overfull;
  }

  isPlaceholder(key: string): boolean {
    return this.#kept.get(key)?.isPlaceholder === true;
  }

  /** What is to be kept under `key` from now on, in place of what was: the object, its placeholder, or nothing. */
  take(key: string, object: KubeObject): KubeObject | undefined {
    if (this.#limits === undefined) return object;
    const { maxObjects, maxBytes, maxPlaceholders } = this.#limits;
    const namespace = object.metadata.namespace ?? "";
    if (this.#isLastPlaceholder(key)) return placeholderOf(object);
    this.#forget(key);
    const usage = this.#usage.get(namespace) ?? { objects: 0, bytes: 0, placeholders: 0, hasDropped: false };
    this.#usage.set(namespace, usage);
    const bytes = sizeOf(object);
    if (usage.objects < maxObjects && usage.bytes + bytes <= maxBytes) {
      usage.objects += 1;
      usage.bytes += bytes;
      this.#kept.set(key, { namespace, bytes, isPlaceholder: false });
      return object;
    }
    if (usage.placeholders < maxPlaceholders) {
      usage.placeholders += 1;
      this.#overfull.add(namespace);
      this.#kept.set(key, { namespace, bytes: 0, isPlaceholder: true });
      return placeholderOf(object);
    }
    usage.hasDropped = true;
    this.#overfull.add(namespace);
    return undefined;
  }

  /** The object is gone. False: its placeholder has to stay. */
  give(key: string): boolean {
    if (this.#isLastPlaceholder(key)) return false;
    this.#forget(key);
    return true;
  }

  /** The last one that stands for others, of which nothing is kept, has to stay until the next list. */
  #isLastPlaceholder(key: string): boolean {
    const kept = this.#kept.get(key);
    const usage = kept === undefined ? undefined : this.#usage.get(kept.namespace);
    return kept?.isPlaceholder === true && usage?.placeholders === 1 && usage.hasDropped;
  }

  #forget(key: string): void {
    const kept = this.#kept.get(key);
    const usage = kept === undefined ? undefined : this.#usage.get(kept.namespace);
    if (kept === undefined || usage === undefined) return;
    this.#kept.delete(key);
    if (kept.isPlaceholder) usage.placeholders -= 1;
    else {
      usage.objects -= 1;
      usage.bytes -= kept.bytes;
    }
    if (usage.hasDropped || usage.placeholders > 0) return;
    this.#overfull.delete(kept.namespace);
    if (usage.objects === 0) this.#usage.delete(kept.namespace);
  }
}

/** An object of which nothing is known but that it is there. */
function placeholderOf(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata } = object as KubeObject & { readonly apiVersion?: unknown; readonly kind?: unknown };
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata as KubeObject["metadata"] & {
    readonly generation?: unknown;
    readonly creationTimestamp?: unknown;
  };
  const identity = { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, generation, creationTimestamp };
  return Object.freeze({ apiVersion, kind, metadata: Object.freeze(identity) });
}

/** What an object takes, roughly: a byte for a character, 16 for each value. */
function sizeOf(object: KubeObject): number {
  let size = 0;
  const pending: unknown[] = [object];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    size += 16;
    if (typeof next === "string") size += next.length;
    else if (typeof next === "object" && next !== null) {
      for (const [name, member] of Object.entries(next)) {
        size += name.length;
        if (member !== undefined) pending.push(member);
      }
    }
  }
  return size;
}
