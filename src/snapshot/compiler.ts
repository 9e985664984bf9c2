import { baseKind, isResourceKind, type Kind, keyOfId, type ObjectKey, resourceKind } from "../api/object.ts";
import type {
  Compiled,
  CompiledAuthProvider,
  CompiledKeyProvider,
  CompiledPolicy,
  CompiledStore,
  CompiledVerifier,
  Snapshot,
} from "./compiled.ts";
import { compileAuthProvider, compileKeyProvider } from "./compile-object.ts";
import { compilePolicy } from "./compile-policy.ts";
import { compileStore } from "./compile-store.ts";
import { compileVerifier } from "./compile-verifier.ts";
import type { Factories } from "./factories.ts";
import { type Identified, identify } from "./identity.ts";
import { KeychainViews } from "./keychain-views.ts";
import type { ReadRaw } from "./material.ts";
import { Realms } from "./realms.ts";
import { References } from "./references.ts";
import { SetRevision } from "./revision.ts";
import type { Change } from "./scope-index.ts";
import { createSnapshot } from "./snapshot.ts";
import { Table } from "./table.ts";

/** `Kind/name`, or `Kind/namespace/name`, of an object that has appeared, changed or gone; of our kinds, or of one that ours refer to. */
export type DirtyKey = `${string}/${string}`;

export interface CompiledOf {
  readonly Store: CompiledStore;
  readonly AuthProvider: CompiledAuthProvider;
  readonly Verifier: CompiledVerifier;
  readonly KeyProvider: CompiledKeyProvider;
  readonly Policy: CompiledPolicy;
}
type Tables = { readonly [K in Kind]: Table<CompiledOf[K]> };
type Builders = { readonly [K in Kind]: (object: Identified, before: CompiledOf[K] | undefined) => CompiledOf[K] };

/** What one compilation still has to do, and what it has done. */
interface Pass {
  readonly read: ReadRaw;
  readonly todo: { readonly [K in Kind]: Set<string> };
  readonly changed: Set<ObjectKey>;
  readonly providers: Change<CompiledAuthProvider>[];
}

/** Each before those that refer to it. */
const order: readonly Kind[] = ["KeyProvider", "Verifier", "AuthProvider", "Store", "Policy"];

/**
 * The incremental compiler: owns the compiled form of every object and rebuilds only what a change reaches. Pure but for that state: it reads the
 * source's cache through `read` and builds instances by `factories`. One bad object yields diagnostics and its fail-closed self; its siblings are
 * built as usual. Cluster-scoped and namespaced objects go the same way, with the namespace as an argument.
 */
export class Compiler {
  readonly #factories: Factories;
  readonly #tables: Tables = {
    Store: new Table(),
    AuthProvider: new Table(),
    Verifier: new Table(),
    KeyProvider: new Table(),
    Policy: new Table(),
  };
  readonly #references = new References();
  readonly #views = new KeychainViews();
  /** By key of a keychain view: the Stores that have it. */
  readonly #viewStores = new Map<string, Set<string>>();
  readonly #realms = new Realms();
  readonly #revision = new SetRevision();

  constructor(factories: Factories) {
    this.#factories = factories;
  }

  /** Keys of `read`'s objects that `dirty` names are read afresh; what refers to those that are not what they were is rebuilt. */
  compile(dirty: Iterable<DirtyKey>, read: ReadRaw): Snapshot {
    const todo = {
      Store: new Set<string>(),
      AuthProvider: new Set<string>(),
      Verifier: new Set<string>(),
      KeyProvider: new Set<string>(),
      Policy: new Set<string>(),
    };
    const pass: Pass = { read, todo, changed: new Set(), providers: [] };
    for (const key of dirty) this.#mark(key, pass);
    const builders = this.#builders(read);
    for (const base of order) {
      if (base === "Store") this.#markViews(pass);
      this.#run(base, builders[base], pass);
    }
    const { cluster, namespaces } = this.#realms.settle();
    return createSnapshot({
      objects: {
        stores: this.#tables.Store.shown(),
        authProviders: this.#tables.AuthProvider.shown(),
        verifiers: this.#tables.Verifier.shown(),
        keyProviders: this.#tables.KeyProvider.shown(),
        policies: this.#tables.Policy.shown(),
      },
      revision: this.#revision.toString(),
      changed: pass.changed,
      cluster,
      namespaces,
      namespaceViews: this.#realms.views,
      remembered: this.#realms.remembered,
    });
  }

  #builders(read: ReadRaw): Builders {
    const factories = this.#factories;
    return {
      KeyProvider: (object, before) => compileKeyProvider(object, before, { factories, read }),
      Verifier: (object, before) =>
        compileVerifier(object, before, {
          factories,
          keyProviders: this.#tables.KeyProvider.entries,
          verifiers: this.#tables.Verifier.entries,
        }),
      AuthProvider: (object, before) => compileAuthProvider(object, before, { factories, read }),
      Store: (object, before) => compileStore(object, before, { factories, read, views: this.#views }),
      Policy: (object, before) => compilePolicy(object, before, { factories }),
    };
  }

  /** An object of ours is to be compiled; of any other, those that refer to it. */
  #mark(key: string, pass: Pass): void {
    const slash = key.indexOf("/");
    const kind = key.slice(0, slash);
    const id = key.slice(slash + 1);
    if (!isResourceKind(kind)) {
      for (const user of this.#references.usersOf(key)) this.#mark(user, pass);
      return;
    }
    // Which of the two scopes is meant is told by the id alone: it is read under the key that fits it.
    pass.todo[baseKind(kind)].add(id);
  }

  /** A Store without refs sees every AuthProvider that it may: which views are others than before tells which Stores are. */
  #markViews({ providers, todo }: Pass): void {
    if (providers.length === 0) return;
    for (const view of this.#views.refresh(providers)) for (const id of this.#viewStores.get(view) ?? []) todo.Store.add(id);
  }

  /** `todo` grows while it is worked off: a Verifier that appears is what another, looked at before it, may have waited for. */
  #run<K extends Kind>(base: K, build: Builders[K], pass: Pass): void {
    const table: Table<CompiledOf[K]> = this.#tables[base];
    for (const id of pass.todo[base]) {
      pass.todo[base].delete(id);
      const [name = "", namespace] = id.split("/").toReversed();
      const raw = pass.read(resourceKind(base, namespace), id);
      const object = identify({ base, name, ...(namespace !== undefined && { namespace }), raw });
      const before = table.entries.get(id);
      const after = object === undefined ? undefined : build(object, before);
      if (before === undefined && after === undefined) continue;
      table.set(id, after);
      this.#took(keyOfId(base, id), { before, after }, pass);
    }
  }

  #took(key: ObjectKey, change: Change<Compiled>, pass: Pass): void {
    const { before, after } = change;
    pass.changed.add(key);
    this.#references.replace(key, before?.references ?? [], after?.references ?? []);
    if (before?.revision === after?.revision) return;
    if (before !== undefined) this.#revision.remove(`${key}=${before.revision}`);
    if (after !== undefined) this.#revision.add(`${key}=${after.revision}`);
    for (const user of this.#references.usersOf(key)) this.#mark(user, pass);
    this.#realms.change(change);
    if (before?.kind === "AuthProvider" || after?.kind === "AuthProvider")
      pass.providers.push({ before: ofKind("AuthProvider", before), after: ofKind("AuthProvider", after) });
    if (before?.kind === "Store" || after?.kind === "Store")
      this.#moveView(key, { before: ofKind("Store", before), after: ofKind("Store", after) });
  }

  #moveView(key: ObjectKey, { before, after }: Change<CompiledStore>): void {
    if (before?.view.key === after?.view.key) return;
    const id = key.slice(key.indexOf("/") + 1);
    if (after !== undefined) {
      const stores = this.#viewStores.get(after.view.key) ?? new Set();
      this.#viewStores.set(after.view.key, stores.add(id));
    }
    if (before === undefined) return;
    const stores = this.#viewStores.get(before.view.key);
    stores?.delete(id);
    if (stores?.size !== 0) return;
    this.#viewStores.delete(before.view.key);
    this.#views.forget(before.view.key);
  }
}

function ofKind<K extends Compiled["kind"]>(kind: K, entry: Compiled | undefined): Extract<Compiled, { kind: K }> | undefined {
  return entry?.kind === kind ? (entry as Extract<Compiled, { kind: K }>) : undefined;
}
