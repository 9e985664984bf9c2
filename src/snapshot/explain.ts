import { parseReference } from "../oci/reference.ts";
import { matchesScope } from "../oci/pattern.ts";
import { printRepository, registryOf, repositoryPath, type Repository } from "../oci/repository.ts";
import type { CompiledStore, Snapshot } from "./compiled.ts";
import type { Explanation, StoreExplanation, StoreReason } from "./explanation.ts";

/** Which stores would be asked about an image, with which credential, and why: from the snapshot alone, without contacting anyone. */
export function explain(image: string, snapshot: Snapshot): Explanation {
  const parsed = parseReference(image);
  const stores = [...snapshot.stores.values()].toSorted((a, b) => (a.meta.name < b.meta.name ? -1 : 1));
  if (!parsed.ok) {
    return { image, reference: null, error: { code: "REFERENCE_INVALID", message: parsed.message }, stores: [] };
  }
  const { repository, tag, digest } = parsed.value;
  return {
    image,
    reference: {
      registry: registryOf(repository),
      repository: repositoryPath(repository),
      ...(tag !== undefined && { tag }),
      ...(digest !== undefined && { digest }),
    },
    stores: stores.map((entry) => explainStore(entry, repository)),
  };
}

function explainStore(entry: CompiledStore, repository: Repository): StoreExplanation {
  const asked = entry.scopes.some((scope) => matchesScope(scope, repository));
  const { name } = entry.meta;
  if (!asked) return { name, asked, reason: "ScopesDoNotMatch", candidates: [] };
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
    candidates: selection.candidates,
  };
}
