import { LRUCache } from "lru-cache";
import { defaultLimits } from "../api/store.ts";
import { builtInPolicy } from "../engine/built-in.ts";
import type { View, ViewStore, ViewVerifier } from "../engine/view.ts";
import { matchesScope } from "../oci/pattern.ts";
import { printRepository, registryOf, type Repository } from "../oci/repository.ts";
import type { CompiledStore, PatternLoss, Snapshot } from "./compiled.ts";
import { revisionOf } from "./revision.ts";

/** Views are recomputed, never wrong, when evicted: the bound is on memory only (a view is some hundred bytes). */
const rememberedViews = 4096;

/** A failed location has no time of its own; this is the default of the schema. */
const defaultTimeoutMs = 2000;

export function createSnapshot(objects: Pick<Snapshot, "stores" | "authProviders" | "verifiers" | "keyProviders">): Snapshot {
  const index = indexStores(objects.stores);
  const verifiers = [...objects.verifiers.values()].toSorted(byName).map(
    (entry): ViewVerifier => ({
      name: entry.meta.name,
      ...(entry.verifier !== undefined && { verifier: entry.verifier }),
      ...(entry.problem !== undefined && { problem: entry.problem }),
    }),
  );
  const verifierRevision = revisionOf(
    [...objects.verifiers.values()].toSorted(byName).map((entry) => `${entry.meta.name}=${entry.revision}`),
  );
  const views = new LRUCache<string, View>({ max: rememberedViews });
  const all = [
    ...objects.stores.values(),
    ...objects.authProviders.values(),
    ...objects.verifiers.values(),
    ...objects.keyProviders.values(),
  ];
  return {
    ...objects,
    revision: revisionOf(all.map((entry) => `${entry.kind}/${entry.meta.name}=${entry.revision}`).toSorted()),
    patternLosses: lossesOf(objects.stores),
    view: (repository) => {
      const key = printRepository(repository);
      const known = views.get(key);
      if (known !== undefined) return known;
      const matching = index(repository);
      const view: View = {
        revision: revisionOf([verifierRevision, ...matching.map((entry) => storeRevision(entry, repository, objects.authProviders))]),
        stores: matching.map(toViewStore),
        verifiers,
        policies: [builtInPolicy(verifiers)],
      };
      views.set(key, view);
      return view;
    },
  };
}

function toViewStore(entry: CompiledStore): ViewStore {
  return {
    name: entry.meta.name,
    evidence: entry.evidence,
    timeoutMs: entry.spec?.timeoutMs ?? defaultTimeoutMs,
    limits: entry.spec?.limits ?? defaultLimits,
    ...(entry.store !== undefined && { store: entry.store }),
    ...(entry.problem !== undefined && { problem: entry.problem }),
  };
}

/** The object, its material, and the AuthProviders that answer for this image's repositories: exactly what a verdict depends on. */
function storeRevision(entry: CompiledStore, repository: Repository, authProviders: Snapshot["authProviders"]): string {
  if (entry.store === undefined) return `${entry.meta.name}=${entry.ownRevision}`;
  const selected = entry.store.repositories(repository).map((target) => {
    const selection = entry.keychain.select(target);
    const provider =
      "provider" in selection && selection.provider !== undefined ? authProviders.get(selection.provider)?.revision : undefined;
    return `${selection.outcome}:${provider ?? ""}`;
  });
  return `${entry.meta.name}=${entry.ownRevision}+${selected.join("+")}`;
}

/** Stores by literal host, and those behind a wildcard or `"*"`: a look-up costs what the host has, not what the cluster has. */
function indexStores(stores: ReadonlyMap<string, CompiledStore>): (repository: Repository) => readonly CompiledStore[] {
  const byHost = new Map<string, Set<CompiledStore>>();
  const elsewhere = new Set<CompiledStore>();
  for (const entry of stores.values()) {
    for (const scope of entry.scopes) {
      if (scope.kind === "all" || scope.pattern.wildcards > 0) {
        elsewhere.add(entry);
        continue;
      }
      const host = registryOf({ host: scope.pattern.labels.join("."), port: scope.pattern.port });
      const there = byHost.get(host) ?? new Set();
      there.add(entry);
      byHost.set(host, there);
    }
  }
  return (repository) => {
    const candidates = new Set([...(byHost.get(registryOf(repository)) ?? []), ...elsewhere]);
    return [...candidates].filter((entry) => entry.scopes.some((scope) => matchesScope(scope, repository))).toSorted(byName);
  };
}

function lossesOf(stores: ReadonlyMap<string, CompiledStore>): ReadonlyMap<string, readonly PatternLoss[]> {
  const seen = new Set<CompiledStore["losses"]>();
  const merged = new Map<string, PatternLoss[]>();
  for (const { losses } of stores.values()) {
    if (seen.has(losses)) continue;
    seen.add(losses);
    for (const [provider, lost] of losses) {
      const known = merged.get(provider) ?? [];
      known.push(...lost.filter((loss) => !known.some((other) => other.pattern === loss.pattern)));
      merged.set(provider, known);
    }
  }
  return merged;
}

function byName(a: { readonly meta: { readonly name: string } }, b: { readonly meta: { readonly name: string } }): number {
  return a.meta.name < b.meta.name ? -1 : 1;
}
