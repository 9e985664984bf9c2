import type { CompiledPolicy, CompiledStore, CompiledVerifier } from "./compiled.ts";
import { objectId } from "../api/object.ts";
import { type Change, ScopeIndex } from "./scope-index.ts";

/** The objects of the cluster, or of one namespace, that images are judged by; immutable, and the same object for as long as none of them changes. */
export interface Realm {
  readonly stores: ScopeIndex<CompiledStore>;
  readonly policies: ScopeIndex<CompiledPolicy>;
  /** By id. */
  readonly verifiers: ReadonlyMap<string, CompiledVerifier>;
}

export const emptyRealm: Realm = { stores: new ScopeIndex(), policies: new ScopeIndex(), verifiers: new Map() };

/** What has changed in one realm. */
export interface RealmChanges {
  readonly stores: Change<CompiledStore>[];
  readonly policies: Change<CompiledPolicy>[];
  readonly verifiers: Change<CompiledVerifier>[];
}

export function changeRealm(realm: Realm, changes: RealmChanges): Realm {
  return {
    stores: changes.stores.length === 0 ? realm.stores : realm.stores.with(changes.stores),
    policies: changes.policies.length === 0 ? realm.policies : realm.policies.with(changes.policies),
    verifiers: changes.verifiers.length === 0 ? realm.verifiers : changeVerifiers(realm.verifiers, changes.verifiers),
  };
}

function changeVerifiers(verifiers: Realm["verifiers"], changes: RealmChanges["verifiers"]): Realm["verifiers"] {
  const next = new Map(verifiers);
  for (const { before, after } of changes) {
    if (before !== undefined) next.delete(objectId(before.meta));
    if (after !== undefined) next.set(objectId(after.meta), after);
  }
  return next;
}
