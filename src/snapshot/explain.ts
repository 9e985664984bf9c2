import { objectId } from "../api/object.ts";
import { parseReference } from "../oci/reference.ts";
import { matchesScope } from "../oci/pattern.ts";
import { printRepository, registryOf, repositoryPath, type Repository } from "../oci/repository.ts";
import type { CompiledStore, Snapshot } from "./compiled.ts";
import { explainPolicies } from "./explain-policy.ts";
import type { Explanation, Occasion, StoreExplanation, StoreReason } from "./explanation.ts";
import { byId } from "./scope-index.ts";

/**
 * Which stores would be asked about an image, with which credential, which policies apply, and why: from the snapshot alone, without contacting anyone. With a
 * namespace that namespace's objects are told of too.
 */
export function explain(image: string, snapshot: Snapshot, occasion: Occasion): Explanation {
  const parsed = parseReference(image);
  const { namespace } = occasion;
  const shared = { image, ...(namespace !== undefined && { namespace: namespace.name }) };
  if (!parsed.ok) {
    return { ...shared, reference: null, error: { code: "REFERENCE_INVALID", message: parsed.message }, stores: [], policies: [] };
  }
  const { repository, tag, digest } = parsed.value;
  const policies = explainPolicies(repository, snapshot, occasion);
  const hasSay = policies.some(({ name, applies }) => applies && name.startsWith("NamespacedPolicy/"));
  const stores = [...snapshot.stores.values()]
    .filter(({ meta }) => meta.namespace === undefined || meta.namespace === namespace?.name)
    .toSorted(byId);
  return {
    ...shared,
    reference: {
      registry: registryOf(repository),
      repository: repositoryPath(repository),
      ...(tag !== undefined && { tag }),
      ...(digest !== undefined && { digest }),
    },
    stores: stores.map((entry) => explainStore(entry, repository, hasSay)),
    policies,
  };
}

/** `hasSay`: a policy of the namespace applies, without which none of its Stores is asked. */
function explainStore(entry: CompiledStore, repository: Repository, hasSay: boolean): StoreExplanation {
  const name = objectId(entry.meta);
  if (!entry.scopes.some((scope) => matchesScope(scope, repository)))
    return { name, asked: false, reason: "ScopesDoNotMatch", candidates: [] };
  if (entry.meta.namespace !== undefined && !hasSay) return { name, asked: false, reason: "NoPolicyOfNamespace", candidates: [] };
  const asked = true;
  const reason: StoreReason = entry.problem !== undefined ? "InvalidStore" : entry.everything ? "AllImages" : "ScopeMatches";
  const target = entry.store?.repositories(repository)[0];
  if (target === undefined) return { name, asked, reason, candidates: [] };
  const selection = entry.keychain.select(target);
  return {
    name,
    asked,
    reason,
    resolvedRepository: printRepository(target),
    outcome: selection.outcome,
    ...("provider" in selection &&
      selection.provider !== undefined &&
      selection.pattern !== undefined && { authProvider: { name: selection.provider, pattern: selection.pattern } }),
    ...("message" in selection && { message: selection.message }),
    candidates: selection.candidates,
  };
}
