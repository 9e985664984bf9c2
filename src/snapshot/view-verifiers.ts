import type { ViewVerifier } from "../engine/view.ts";
import type { Repository } from "../oci/repository.ts";
import type { CompiledPolicy, CompiledVerifier } from "./compiled.ts";
import { toViewVerifier, verifierRevision } from "./view-parts.ts";

/** The Verifiers of a view, and what its revision has to say of them. */
export interface ViewVerifiers {
  readonly verifiers: readonly ViewVerifier[];
  readonly revisions: readonly string[];
}

/**
 * Those that the policies name and, where `all` of them count (the built-in policy; an expression, which sees every result), those of the realms too. A
 * Verifier of signed content needs the Verifiers of its signatures (`signedBy`), which are then there as well. A name without an object is there with a
 * problem: what depends on it is never false.
 */
export function viewVerifiers(
  policies: readonly CompiledPolicy[],
  options: { readonly all: boolean; readonly known: readonly ReadonlyMap<string, CompiledVerifier>[] },
  repository: Repository,
): ViewVerifiers {
  const find = (name: string): CompiledVerifier | undefined =>
    options.known.map((realm) => realm.get(name)).find((entry) => entry !== undefined);
  // An invalid policy is inconclusive whatever was found: it needs nobody's word.
  const asking = policies.filter(({ problem }) => problem === undefined);
  const queue = asking.flatMap(({ verifiers }) => verifiers);
  if (options.all || asking.some(({ hasExpression }) => hasExpression)) for (const realm of options.known) queue.push(...realm.keys());
  const needed = new Map<string, ViewVerifier>();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (needed.has(name)) continue;
    const entry = toViewVerifier(name, find(name), repository);
    needed.set(name, entry);
    queue.push(...(entry.verifier?.signedBy ?? []));
  }
  const names = [...needed.keys()].toSorted();
  return {
    verifiers: names.flatMap((name) => needed.get(name) ?? []),
    revisions: names.map((name) => `Verifier ${verifierRevision(name, find(name), repository)}`),
  };
}
