import { objectId } from "../api/object.ts";
import { createKeychain, patternConflicts, type KeychainProvider } from "../keychain/keychain.ts";
import type { CompiledAuthProvider } from "./compiled.ts";
import { HostIndex } from "./host-index.ts";
import type { KeychainView } from "./keychain-view.ts";
import { revisionOf } from "./revision.ts";
import { byId, type Change } from "./scope-index.ts";

/** Which view a Store needs. */
export interface ViewRequest {
  readonly unmatched: "Anonymous" | "Deny";
  /** Ids of `authProviderRefs`; absent: every AuthProvider that the Store may use. */
  readonly refs?: readonly string[];
  /** Of the Store; absent: cluster-scoped. */
  readonly namespace?: string | undefined;
}

/**
 * Which Store sees which AuthProviders. A cluster-scoped Store sees the cluster-scoped ones and nothing else; a namespaced one sees those of its namespace
 * and the cluster-scoped ones that list it in `allowedNamespaces` (design 2.2). References only narrow that.
 */
export class KeychainViews {
  /** By namespace, `""` for the cluster: what may be seen from there, by id. */
  readonly #visible = new Map<string, Map<string, CompiledAuthProvider>>();
  readonly #views = new Map<string, { readonly request: ViewRequest; view: KeychainView }>();

  /** An id without an object that may be seen stays in the view as one that answers ProviderNotFound, never as "all". */
  view(request: ViewRequest): KeychainView {
    const key = keyOf(request);
    const known = this.#views.get(key);
    if (known !== undefined) return known.view;
    const view = this.#build(request, undefined);
    this.#views.set(key, { request, view });
    return view;
  }

  /** Takes in what has become of the providers; the keys of the views that are not what they were. A view whose providers are unchanged keeps its keychain. */
  refresh(changes: readonly Change<CompiledAuthProvider>[]): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const { before, after } of changes) {
      if (before !== undefined) for (const realm of realmsOf(before)) this.#hide(realm, before, touched);
      if (after !== undefined) for (const realm of realmsOf(after)) this.#show(realm, after, touched);
    }
    const changed = new Set<string>();
    for (const [key, entry] of this.#views) {
      if (!touched.has(entry.request.namespace ?? cluster)) continue;
      const view = this.#build(entry.request, entry.view);
      if (view !== entry.view) changed.add(key);
      entry.view = view;
    }
    return changed;
  }

  /** No Store has it any more. */
  forget(key: string): void {
    this.#views.delete(key);
  }

  #show(realm: string, provider: CompiledAuthProvider, touched: Set<string>): void {
    const there = this.#visible.get(realm) ?? new Map<string, CompiledAuthProvider>();
    this.#visible.set(realm, there.set(objectId(provider.meta), provider));
    touched.add(realm);
  }

  #hide(realm: string, provider: CompiledAuthProvider, touched: Set<string>): void {
    const there = this.#visible.get(realm);
    there?.delete(objectId(provider.meta));
    if (there?.size === 0) this.#visible.delete(realm);
    touched.add(realm);
  }

  #build(request: ViewRequest, previous: KeychainView | undefined): KeychainView {
    const visible = this.#visible.get(request.namespace ?? cluster);
    const providers =
      request.refs === undefined ? [...(visible?.values() ?? [])].toSorted(byId) : request.refs.flatMap((id) => visible?.get(id) ?? []);
    const missing = request.refs?.filter((id) => visible?.has(id) !== true) ?? [];
    const key = keyOf(request);
    const revision = revisionOf([key, ...providers.map((provider) => `${objectId(provider.meta)}=${provider.revision}`), ...missing]);
    if (previous?.revision === revision) return previous;
    const members = providers.map(toMember);
    const { unmatched, namespace } = request;
    return {
      key,
      ...(namespace !== undefined && { namespace }),
      keychain: createKeychain({ providers: members, unmatched, missingRefs: missing, ...(namespace !== undefined && { namespace }) }),
      names: members.map(({ name }) => name),
      hosts: new HostIndex(members),
      losses: patternConflicts(members),
      revisions: new Map(members.map((member) => [member.name, member.revision])),
      revision,
    };
  }
}

const cluster = "";

/** From where a provider may be seen: a namespaced one from its own namespace alone, whatever it says of others. */
function realmsOf({ meta, allowedNamespaces }: CompiledAuthProvider): readonly string[] {
  return meta.namespace === undefined ? [cluster, ...allowedNamespaces] : [meta.namespace];
}

function keyOf({ unmatched, refs, namespace }: ViewRequest): string {
  return `${namespace ?? cluster}|${unmatched}|${refs === undefined ? "*" : refs.toSorted().join(",")}`;
}

function toMember(compiled: CompiledAuthProvider): KeychainProvider {
  return {
    name: objectId(compiled.meta),
    uid: compiled.meta.uid,
    creationTime: compiled.meta.creationTime,
    revision: compiled.revision,
    patterns: compiled.patterns,
    tokenHosts: compiled.spec?.tokenHosts ?? [],
    plainHTTPHosts: compiled.spec?.plainHTTPHosts ?? [],
    allowCredentialsOverHTTP: compiled.spec?.allowCredentialsOverHTTP ?? false,
    provider: compiled.provider,
    ...(compiled.spec === undefined && { invalid: { reason: "InvalidSpec", message: compiled.provider.state().message } as const }),
  };
}
