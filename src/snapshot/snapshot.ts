import type { ObjectKey } from "../api/object.ts";
import type { CompiledObjects, Snapshot } from "./compiled.ts";
import type { KeychainView, PatternLoss } from "./keychain-view.ts";
import { emptyRealm, type Realm } from "./realm.ts";
import { type ClusterViews, NamespaceViews, type RememberedViews } from "./views.ts";

/** What a snapshot is put together from; nothing of it changes afterwards but what is remembered. */
export interface SnapshotParts {
  readonly objects: CompiledObjects;
  readonly revision: string;
  readonly changed: ReadonlySet<ObjectKey>;
  readonly cluster: ClusterViews;
  readonly namespaces: ReadonlyMap<string, Realm>;
  /** Of the namespaces, shared with the snapshots before and after: an entry counts only where it is made of the same realms. */
  readonly namespaceViews: Map<string, NamespaceViews>;
  readonly remembered: RememberedViews;
}

export function createSnapshot(parts: SnapshotParts): Snapshot {
  const { objects, revision, changed, cluster } = parts;
  let losses: Snapshot["patternLosses"] | undefined;
  return {
    ...objects,
    revision,
    changed,
    get patternLosses() {
      losses ??= lossesOf(objects.stores);
      return losses;
    },
    views: (repository, namespace) => {
      const namespaced = namespace === undefined ? undefined : viewsOf(namespace.name, parts)?.view(repository);
      return { cluster: cluster.view(repository, namespace), ...(namespaced !== undefined && { namespaced }) };
    },
  };
}

function viewsOf(namespace: string, { cluster, namespaces, namespaceViews, remembered }: SnapshotParts): NamespaceViews | undefined {
  const own = namespaces.get(namespace) ?? emptyRealm;
  if (own.policies.isEmpty) return undefined;
  const known = namespaceViews.get(namespace);
  if (known?.realm === own && known.cluster === cluster.realm) return known;
  const views = new NamespaceViews(namespace, { own, cluster: cluster.realm }, remembered);
  namespaceViews.set(namespace, views);
  return views;
}

/** What a namespace's providers do to those of the cluster within the namespace is no business of the latter. */
function lossesOf(stores: CompiledObjects["stores"]): ReadonlyMap<string, readonly PatternLoss[]> {
  const seen = new Set<KeychainView>();
  const merged = new Map<string, PatternLoss[]>();
  for (const { view } of stores.values()) {
    if (seen.has(view)) continue;
    seen.add(view);
    for (const [provider, lost] of view.losses) {
      if (provider.includes("/") !== (view.namespace !== undefined)) continue;
      const known = merged.get(provider) ?? [];
      known.push(...lost.filter((loss) => !known.some((other) => other.pattern === loss.pattern)));
      merged.set(provider, known);
    }
  }
  return merged;
}
