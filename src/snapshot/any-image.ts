import { builtInPolicy } from "../engine/built-in.ts";
import type { View } from "../engine/view.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { Repository } from "../oci/repository.ts";
import type { CompiledPolicy, CompiledVerifier, Snapshot } from "./compiled.ts";
import type { NamespaceLabels } from "./namespace-selector.ts";
import { revisionOf } from "./revision.ts";
import { toViewPolicy } from "./view-parts.ts";
import { viewVerifiers } from "./view-verifiers.ts";
import { needsBuiltIn, selected } from "./views.ts";

/** Stands in for the image's, which nothing looks at: no scope is left. */
const anywhere: Repository = { host: "oci-layout.invalid", port: undefined, segments: ["image"] };

/**
 * The views of an image of which it is not known whose scopes match: every policy applies, whatever it excludes, and every Verifier judges; no exception
 * holds, for one that were meant for another image would let this one through. For the same reason a policy takes the built-in one's place only if it surely
 * applies. There are no Stores.
 */
export function viewsOfAnyImage(snapshot: Snapshot, namespace?: NamespaceLabels): Realms {
  const inRealm = <T extends { readonly meta: { readonly namespace?: string } }>(
    entries: ReadonlyMap<string, T>,
    of: string | undefined,
  ): readonly T[] =>
    [...entries]
      .filter(([, entry]) => entry.meta.namespace === of)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry);
  const verifiersOf = (of: string | undefined): ReadonlyMap<string, CompiledVerifier> =>
    new Map([...snapshot.verifiers].filter(([, entry]) => entry.meta.namespace === of).map(([id, entry]) => [id, unscoped(entry)]));
  const cluster = verifiersOf(undefined);
  const applying = selected(inRealm(snapshot.policies, undefined), namespace);
  const isBuiltIn = needsBuiltIn(applying.map(({ policy, isCertain }) => ({ policy, isCertain: isCertain && isOfEveryImage(policy) })));
  const policies = applying.map(({ policy }) => policy);
  const own = namespace === undefined ? [] : inRealm(snapshot.policies, namespace.name);
  return {
    cluster: view(snapshot, policies, { isBuiltIn, known: [cluster] }),
    ...(namespace !== undefined &&
      own.length > 0 && { namespaced: view(snapshot, own, { isBuiltIn: false, known: [cluster, verifiersOf(namespace.name)] }) }),
  };
}

function view(
  snapshot: Snapshot,
  policies: readonly CompiledPolicy[],
  { isBuiltIn, known }: { readonly isBuiltIn: boolean; readonly known: readonly ReadonlyMap<string, CompiledVerifier>[] },
): View {
  const { verifiers } = viewVerifiers(policies, { all: isBuiltIn, known }, anywhere);
  const shown = policies.map((policy) => toViewPolicy(withoutExceptions(policy), anywhere));
  return {
    revision: revisionOf(["any image", snapshot.revision, ...shown.map(({ name }) => name)]),
    stores: [],
    verifiers,
    policies: [...shown, ...(isBuiltIn ? [builtInPolicy(verifiers)] : [])].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function unscoped(verifier: CompiledVerifier): CompiledVerifier {
  const { scopes: _scopes, ...entry } = verifier;
  return entry;
}

function isOfEveryImage({ scopes, excludeScopes }: CompiledPolicy): boolean {
  return scopes.some(({ kind }) => kind === "all") && excludeScopes.length === 0;
}

function withoutExceptions(policy: CompiledPolicy): CompiledPolicy {
  return policy.spec === undefined ? policy : { ...policy, spec: { ...policy.spec, exceptions: [] } };
}
