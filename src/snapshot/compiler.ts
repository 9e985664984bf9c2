import { type Kind, objectKey } from "../api/object.ts";
import type { Compiled, CompiledAuthProvider, CompiledKeyProvider, CompiledStore, CompiledVerifier, Snapshot } from "./compiled.ts";
import { compileAuthProvider, compileKeyProvider, compileVerifier } from "./compile-object.ts";
import { compileStore } from "./compile-store.ts";
import type { Factories } from "./factories.ts";
import { KeychainViews } from "./keychain-views.ts";
import type { ReadRaw } from "./material.ts";
import { createSnapshot } from "./snapshot.ts";

/** `Kind/name` of an object that has appeared, changed or gone; of our kinds, or of one that ours refer to. */
export type DirtyKey = `${string}/${string}`;

/**
 * The incremental compiler: owns the compiled form of every object and rebuilds only what a change reaches. Pure but for that state: it reads the
 * source's cache through `read` and builds instances by `factories`. One bad object yields diagnostics and its fail-closed self; its siblings are
 * built as usual.
 */
export class Compiler {
  readonly #factories: Factories;
  readonly #stores = new Map<string, CompiledStore>();
  readonly #authProviders = new Map<string, CompiledAuthProvider>();
  readonly #verifiers = new Map<string, CompiledVerifier>();
  readonly #keyProviders = new Map<string, CompiledKeyProvider>();
  /** Reverse of `references`: what is referred to → who refers to it. */
  readonly #referrers = new Map<string, Set<DirtyKey>>();
  #views = new KeychainViews(new Map(), new KeychainViews(new Map()));

  constructor(factories: Factories) {
    this.#factories = factories;
  }

  /** Keys of `read`'s objects that `dirty` names are read afresh; everything that refers to them is rebuilt. */
  compile(dirty: Iterable<DirtyKey>, read: ReadRaw): Snapshot {
    const reached = this.#reach(dirty);
    for (const name of namesOf(reached, "KeyProvider")) {
      this.#put(
        this.#keyProviders,
        "KeyProvider",
        name,
        compileKeyProvider(read("KeyProvider", name), this.#keyProviders.get(name), { factories: this.#factories, read }),
      );
    }
    for (const name of namesOf(reached, "Verifier")) {
      const entry = compileVerifier(read("Verifier", name), this.#verifiers.get(name), {
        factories: this.#factories,
        keyProviders: this.#keyProviders,
      });
      this.#put(this.#verifiers, "Verifier", name, entry);
    }
    let providersChanged = false;
    for (const name of namesOf(reached, "AuthProvider")) {
      const before = this.#authProviders.get(name);
      const entry = compileAuthProvider(read("AuthProvider", name), before, { factories: this.#factories, read });
      this.#put(this.#authProviders, "AuthProvider", name, entry);
      providersChanged ||= entry?.revision !== before?.revision;
    }
    if (providersChanged) this.#views = new KeychainViews(new Map(this.#authProviders), this.#views);
    // A Store without refs sees every AuthProvider; whether its own view changed shows in its revision, and an unchanged instance is kept.
    const stores = new Set(namesOf(reached, "Store"));
    if (providersChanged) for (const name of this.#stores.keys()) stores.add(name);
    for (const name of stores) {
      const entry = compileStore(read("Store", name), this.#stores.get(name), { factories: this.#factories, read, views: this.#views });
      this.#put(this.#stores, "Store", name, entry);
    }
    return createSnapshot({
      stores: new Map(this.#stores),
      authProviders: new Map(this.#authProviders),
      verifiers: new Map(this.#verifiers),
      keyProviders: new Map(this.#keyProviders),
    });
  }

  /** The dirty keys and, level by level, whoever refers to them. */
  #reach(dirty: Iterable<DirtyKey>): ReadonlySet<DirtyKey> {
    const reached = new Set<DirtyKey>();
    const queue = [...dirty];
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      if (reached.has(key)) continue;
      reached.add(key);
      queue.push(...(this.#referrers.get(key) ?? []));
    }
    return reached;
  }

  #put<C extends Compiled>(entries: Map<string, C>, kind: Kind, name: string, next: C | undefined): void {
    const key = objectKey(kind, { name });
    for (const reference of entries.get(name)?.references ?? []) {
      const owners = this.#referrers.get(reference);
      owners?.delete(key);
      if (owners?.size === 0) this.#referrers.delete(reference);
    }
    if (next === undefined) {
      entries.delete(name);
      return;
    }
    entries.set(name, next);
    for (const reference of next.references) {
      const owners = this.#referrers.get(reference) ?? new Set();
      owners.add(key);
      this.#referrers.set(reference, owners);
    }
  }
}

function namesOf(keys: ReadonlySet<DirtyKey>, kind: Kind): string[] {
  const prefix = `${kind}/`;
  const names: string[] = [];
  for (const key of keys) if (key.startsWith(prefix)) names.push(key.slice(prefix.length));
  return names;
}
