import { objectKey } from "../api/object.ts";
import { builtInName } from "../engine/built-in.ts";
import { matchesScope } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import type { CompiledPolicy, Snapshot } from "./compiled.ts";
import type { Occasion, PolicyExplanation, PolicyReason } from "./explanation.ts";
import { selects } from "./namespace-selector.ts";
import { byId } from "./scope-index.ts";
import { enforces, exceptionsFor } from "./view-parts.ts";

/** Every policy that could have a say, the built-in one where it is in force; `Policy/name` before `NamespacedPolicy/namespace/name`, then by name. */
export function explainPolicies(repository: Repository, snapshot: Snapshot, occasion: Occasion): readonly PolicyExplanation[] {
  const { namespace } = occasion;
  const all = [...snapshot.policies.values()].toSorted(byId);
  const above = all.filter(({ meta }) => meta.namespace === undefined);
  const own = namespace === undefined ? [] : all.filter(({ meta }) => meta.namespace === namespace.name);
  const explained = above.map((entry) => ({ entry, explanation: explainPolicy(entry, repository, occasion) }));
  const isReplaced = explained.some(
    ({ entry, explanation }) => explanation.applies && explanation.reason !== "NamespaceUnknown" && enforces(entry),
  );
  return [
    ...explained.map(({ explanation }) => explanation),
    ...(isReplaced ? [] : [builtIn]),
    ...own.map((entry) => explainPolicy(entry, repository, occasion)),
  ];
}

const builtIn: PolicyExplanation = { name: builtInName, applies: true, reason: "BuiltIn", enforcement: "Enforce", exceptions: [] };

function explainPolicy(entry: CompiledPolicy, repository: Repository, occasion: Occasion): PolicyExplanation {
  const reason = reasonOf(entry, repository, occasion);
  const applies = reason !== "ScopesDoNotMatch" && reason !== "Excluded" && reason !== "NamespaceNotSelected";
  const { spec, problem } = entry;
  const valid = problem === undefined ? spec : undefined;
  const active = applies && valid !== undefined ? exceptionsFor(valid, repository) : [];
  return {
    name: objectKey("Policy", entry.meta),
    applies,
    reason,
    enforcement: valid?.enforcement ?? "Enforce",
    exceptions: active
      .filter(({ expirationTime }) => expirationTime > occasion.now)
      .map(({ expirationTime, reason: why }) => ({
        expirationTime: new Date(expirationTime).toISOString().replace(/\.\d+Z$/, "Z"),
        reason: why,
      })),
  };
}

function reasonOf(entry: CompiledPolicy, repository: Repository, { namespace }: Occasion): PolicyReason {
  const matches = (scopes: CompiledPolicy["scopes"]): boolean => scopes.some((scope) => matchesScope(scope, repository));
  if (!matches(entry.scopes)) return "ScopesDoNotMatch";
  if (matches(entry.excludeScopes)) return "Excluded";
  const selected = namespace === undefined ? "Yes" : selects(entry.namespaceSelector, namespace);
  if (selected === "No") return "NamespaceNotSelected";
  if (selected === "Maybe") return "NamespaceUnknown";
  if (entry.problem !== undefined) return "InvalidPolicy";
  return entry.scopes.some(({ kind }) => kind === "all") ? "AllImages" : "ScopeMatches";
}
