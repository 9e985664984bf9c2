import { LRUCache } from "lru-cache";
import { objectKey } from "../api/object.ts";
import { builtInPolicy } from "../engine/built-in.ts";
import type { View, ViewPolicy } from "../engine/view.ts";
import { matchesScope } from "../oci/pattern.ts";
import { printRepository, type Repository } from "../oci/repository.ts";
import type { CompiledPolicy, CompiledStore } from "./compiled.ts";
import { type Match, type NamespaceLabels, selects } from "./namespace-selector.ts";
import type { Realm } from "./realm.ts";
import { revisionOf } from "./revision.ts";
import { byId } from "./scope-index.ts";
import { enforces, storeRevision, toViewPolicy, toViewStore } from "./view-parts.ts";
import { viewVerifiers } from "./view-verifiers.ts";

/** Views are recomputed, never wrong, when evicted: the bounds are on memory only (a view is some hundred bytes). */
const rememberedImages = 4096;
/** Of one image: as many outcomes as its policies' selectors have. */
const rememberedOutcomes = 16;

/** A policy that applies to an image, and whether it surely does. */
export interface Applying {
  readonly policy: CompiledPolicy;
  /** False: its selector asks for labels of a namespace that nobody has seen. It has to allow all the same. */
  readonly isCertain: boolean;
}

/** What the cluster's objects say of images. They alone are what it is made of: whatever happens in namespaces, this object and its views stay the same. */
export class ClusterViews {
  readonly realm: Realm;
  readonly #images = new LRUCache<
    string,
    { readonly stores: readonly CompiledStore[]; readonly policies: readonly CompiledPolicy[]; readonly views: Map<string, View> }
  >({
    ...atMost(rememberedImages),
  });

  constructor(realm: Realm) {
    this.realm = realm;
  }

  view(repository: Repository, namespace: NamespaceLabels | undefined): View {
    const image = this.#image(repository);
    const applying = selected(image.policies, namespace);
    const outcome = applying.map(({ policy, isCertain }) => `${policy.meta.name}${isCertain ? "" : "?"}`).join(",");
    const known = image.views.get(outcome);
    if (known !== undefined) return known;
    const view = this.#build(repository, { stores: image.stores, applying });
    if (image.views.size >= rememberedOutcomes) image.views.clear();
    image.views.set(outcome, view);
    return view;
  }

  #image(repository: Repository) {
    const key = printRepository(repository);
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const image = {
      stores: this.realm.stores.find(repository),
      policies: policiesFor(this.realm, repository),
      views: new Map<string, View>(),
    };
    this.#images.set(key, image);
    return image;
  }

  #build(repository: Repository, found: { readonly stores: readonly CompiledStore[]; readonly applying: readonly Applying[] }): View {
    const policies = found.applying.map(({ policy }) => policy);
    const isBuiltIn = needsBuiltIn(found.applying);
    const needed = viewVerifiers(policies, { all: isBuiltIn, known: [this.realm.verifiers] }, repository);
    const builtIn = isBuiltIn ? [builtInPolicy(needed.verifiers)] : [];
    return {
      revision: revisionOf([
        "cluster",
        ...policies.map(policyRevision),
        ...(isBuiltIn ? ["built-in"] : []),
        ...needed.revisions,
        ...found.stores.map((entry) => `Store ${storeRevision(entry, repository)}`),
      ]),
      stores: found.stores.map(toViewStore),
      verifiers: needed.verifiers,
      policies: sorted([...policies.map((policy) => toViewPolicy(policy, repository)), ...builtIn]),
    };
  }
}

/** What one namespace makes of images: its own objects, and those of the cluster that it may see. */
export class NamespaceViews {
  readonly realm: Realm;
  readonly cluster: Realm;
  readonly #namespace: string;
  readonly #remembered: LRUCache<string, { readonly owner: NamespaceViews; readonly view: View }>;

  /** `remembered` is shared by all namespaces: however many there are, they hold no more. */
  constructor(namespace: string, realms: { readonly own: Realm; readonly cluster: Realm }, remembered: RememberedViews) {
    this.realm = realms.own;
    this.cluster = realms.cluster;
    this.#namespace = namespace;
    this.#remembered = remembered;
  }

  /** Absent where no policy of the namespace applies: it then has no say (design 2.2). */
  view(repository: Repository): View | undefined {
    if (this.realm.policies.isEmpty) return undefined;
    const key = `${this.#namespace} ${printRepository(repository)}`;
    const known = this.#remembered.get(key);
    if (known?.owner === this) return known.view;
    const policies = policiesFor(this.realm, repository);
    if (policies.length === 0) return undefined;
    const view = this.#build(repository, policies);
    this.#remembered.set(key, { owner: this, view });
    return view;
  }

  #build(repository: Repository, policies: readonly CompiledPolicy[]): View {
    const needed = viewVerifiers(policies, { all: false, known: [this.cluster.verifiers, this.realm.verifiers] }, repository);
    const stores = [...this.cluster.stores.find(repository), ...this.realm.stores.find(repository)].toSorted(byId);
    return {
      revision: revisionOf([
        `namespace ${this.#namespace}`,
        ...policies.map(policyRevision),
        ...needed.revisions,
        ...stores.map((entry) => `Store ${storeRevision(entry, repository)}`),
      ]),
      stores: stores.map(toViewStore),
      verifiers: needed.verifiers,
      policies: sorted(policies.map((policy) => toViewPolicy(policy, repository))),
    };
  }
}

export type RememberedViews = LRUCache<string, { readonly owner: NamespaceViews; readonly view: View }>;
export function rememberViews(): RememberedViews {
  return new LRUCache(atMost(rememberedImages));
}

/** Those of a realm whose scopes match and whose `excludeScopes` do not, sorted by id. */
export function policiesFor(realm: Realm, repository: Repository): readonly CompiledPolicy[] {
  return realm.policies.find(repository).filter(({ excludeScopes }) => !excludeScopes.some((scope) => matchesScope(scope, repository)));
}

/** Where no namespace is known, as on the command line, every selector matches (design 2). */
export function selected(policies: readonly CompiledPolicy[], namespace: NamespaceLabels | undefined): readonly Applying[] {
  return policies.flatMap((policy): readonly Applying[] => {
    const match: Match = namespace === undefined ? "Yes" : selects(policy.namespaceSelector, namespace);
    return match === "No" ? [] : [{ policy, isCertain: match === "Yes" }];
  });
}

/** Unless an `Enforce` Policy surely applies: one that may not apply does not take its place. */
export function needsBuiltIn(applying: readonly Applying[]): boolean {
  return !applying.some(({ policy, isCertain }) => isCertain && enforces(policy));
}

function policyRevision(entry: CompiledPolicy): string {
  return `${objectKey("Policy", entry.meta)}=${entry.revision}`;
}

function sorted(policies: readonly ViewPolicy[]): readonly ViewPolicy[] {
  return policies.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** As `max`, which takes the memory of all entries at once: this is made anew with every edit. */
function atMost(entries: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
