import type { Diagnostic } from "../api/diagnostic.ts";
import { keyOfId, type Kind, objectId, type ObjectMeta, resourceKind } from "../api/object.ts";
import type { CheckEntry } from "../cli/ports.ts";
import type {
  Compiled,
  CompiledAuthProvider,
  CompiledKeyProvider,
  CompiledPolicy,
  CompiledStore,
  CompiledVerifier,
  Snapshot,
} from "../snapshot/compiled.ts";
import { withheldReason } from "../snapshot/material.ts";
import { byId } from "../snapshot/scope-index.ts";

/**
 * Whether each object is accepted, and everything that it refers to is there; one entry per defect and per reference of one that is not, and per pattern that
 * an AuthProvider lost.
 */
export function checkEntries(snapshot: Snapshot): readonly CheckEntry[] {
  const groups = [snapshot.stores, snapshot.authProviders, snapshot.verifiers, snapshot.keyProviders, snapshot.policies];
  return groups.flatMap((group) =>
    [...group.values()]
      .toSorted(byScopeAndId)
      .flatMap((entry) =>
        entriesOf(entry.kind, entry.meta, [...entry.diagnostics, ...conflictsOf(entry, snapshot), ...missing(entry, snapshot)]),
      ),
  );
}

function byScopeAndId(a: Compiled, b: Compiled): number {
  const [left, right] = [a.meta.namespace !== undefined, b.meta.namespace !== undefined];
  return left === right ? byId(a, b) : left ? 1 : -1;
}

function entriesOf(kind: Kind, meta: ObjectMeta, diagnostics: readonly Diagnostic[]): readonly CheckEntry[] {
  const { namespace, name } = meta;
  const identity = { kind: resourceKind(kind, namespace), ...(namespace !== undefined && { namespace }), name };
  if (diagnostics.length === 0) return [{ ...identity, accepted: true, reason: "Valid" }];
  return diagnostics.map(({ reason, path, message }) => ({
    ...identity,
    accepted: false,
    reason,
    ...(path !== undefined && { path }),
    message,
  }));
}

function conflictsOf(entry: Compiled, snapshot: Snapshot): readonly Diagnostic[] {
  if (entry.kind !== "AuthProvider") return [];
  return (snapshot.patternLosses.get(objectId(entry.meta)) ?? []).map(({ pattern, keptBy }) => ({
    reason: "PatternConflict",
    path: "spec.registries",
    message: `pattern "${pattern}" is kept by the older ${keyOfId("AuthProvider", keptBy)}`,
  }));
}

/** What an object refers to and is not there. */
function missing(entry: Compiled, snapshot: Snapshot): readonly Diagnostic[] {
  switch (entry.kind) {
    case "Store":
      return [...missingProviders(entry, snapshot), ...missingMaterial(entry)];
    case "AuthProvider":
    case "KeyProvider":
      return missingMaterial(entry);
    case "Verifier":
      return missingKeys(entry, snapshot);
    case "Policy":
      return missingVerifiers(entry, snapshot);
  }
}

function missingProviders({ authProviderRefs = [], view, meta }: CompiledStore, snapshot: Snapshot): readonly Diagnostic[] {
  return authProviderRefs.flatMap((id, at): readonly Diagnostic[] => {
    if (view.names.includes(id)) return [];
    const isShared = meta.namespace !== undefined && snapshot.authProviders.has(id);
    const key = keyOfId("AuthProvider", id);
    const message = isShared ? `${key} does not list namespace ${meta.namespace} in allowedNamespaces` : `${key} does not exist`;
    return [notFound(`spec.authProviderRefs[${at}]`, message)];
  });
}

function missingKeys({ keyProviders, verifier, spec }: CompiledVerifier, snapshot: Snapshot): readonly Diagnostic[] {
  const path = `spec.${spec?.type ?? ""}`;
  const keys = keyProviders.flatMap((id, at) =>
    snapshot.keyProviders.has(id) ? [] : notFound(`${path}.keyProviderRefs[${at}]`, `${keyOfId("KeyProvider", id)} does not exist`),
  );
  const signers = (verifier?.signedBy ?? []).flatMap((id) =>
    snapshot.verifiers.has(id) ? [] : notFound(path, `${keyOfId("Verifier", id)} does not exist`),
  );
  return [...keys, ...signers];
}

function missingVerifiers({ requirements }: CompiledPolicy, snapshot: Snapshot): readonly Diagnostic[] {
  return requirements.flatMap(({ anyOf }, entry) =>
    anyOf.flatMap((leaf, at): readonly Diagnostic[] => {
      if (leaf.type === "expression" || snapshot.verifiers.has(leaf.verifier)) return [];
      const path = anyOf.length === 1 ? `spec.require[${entry}]` : `spec.require[${entry}].anyOf[${at}]`;
      return [notFound(path, `${keyOfId("Verifier", leaf.verifier)} does not exist`)];
    }),
  );
}

function missingMaterial(entry: CompiledStore | CompiledAuthProvider | CompiledKeyProvider): readonly Diagnostic[] {
  const path = `spec.${entry.spec?.type ?? ""}`;
  return [...entry.materialVersions].flatMap(([key, version]): readonly Diagnostic[] => {
    if (version === "absent") return [notFound(path, `${key} does not exist`)];
    const reason = withheldReason(version);
    return reason === undefined ? [] : [notFound(path, `${key} cannot be read (${reason})`)];
  });
}

function notFound(path: string, message: string): Diagnostic {
  return { reason: "RefNotFound", path, message };
}
