import type { Compiled } from "./compiled.ts";
import { changeRealm, emptyRealm, type Realm, type RealmChanges } from "./realm.ts";
import type { Change } from "./scope-index.ts";
import { ClusterViews, type NamespaceViews, rememberViews, type RememberedViews } from "./views.ts";

/** The realm of each namespace, and of the cluster, as the compiler keeps them. */
export class Realms {
  readonly remembered: RememberedViews = rememberViews();
  readonly views = new Map<string, NamespaceViews>();
  #cluster = new ClusterViews(emptyRealm);
  #namespaces: ReadonlyMap<string, Realm> = new Map();
  /** By namespace, `""` for the cluster. */
  #changes = new Map<string, RealmChanges>();

  /** Takes note of an object that is not what it was. */
  change({ before, after }: Change<Compiled>): void {
    const entry = after ?? before;
    if (entry === undefined || entry.kind === "AuthProvider" || entry.kind === "KeyProvider") return;
    const namespace = entry.meta.namespace ?? "";
    const changes = this.#changes.get(namespace) ?? { stores: [], policies: [], verifiers: [] };
    this.#changes.set(namespace, changes);
    switch (entry.kind) {
      case "Store":
        changes.stores.push({ before, after } as Change<typeof entry>); // both are the same object, once and now
        break;
      case "Policy":
        changes.policies.push({ before, after } as Change<typeof entry>);
        break;
      case "Verifier":
        changes.verifiers.push({ before, after } as Change<typeof entry>);
        break;
    }
  }

  /** The realms as they are after the changes; one of which nothing has changed is the same object as before. */
  settle(): { readonly cluster: ClusterViews; readonly namespaces: ReadonlyMap<string, Realm> } {
    const cluster = this.#changes.get("");
    if (cluster !== undefined) this.#cluster = new ClusterViews(changeRealm(this.#cluster.realm, cluster));
    this.#changes.delete("");
    if (this.#changes.size > 0) {
      const namespaces = new Map(this.#namespaces);
      for (const [namespace, changes] of this.#changes) {
        const realm = changeRealm(namespaces.get(namespace) ?? emptyRealm, changes);
        if (!isEmpty(realm)) namespaces.set(namespace, realm);
        else {
          namespaces.delete(namespace);
          this.views.delete(namespace);
        }
      }
      this.#namespaces = namespaces;
      this.#changes = new Map();
    }
    return { cluster: this.#cluster, namespaces: this.#namespaces };
  }
}

function isEmpty({ stores, policies, verifiers }: Realm): boolean {
  return stores.isEmpty && policies.isEmpty && verifiers.size === 0;
}
