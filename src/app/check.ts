import type { Diagnostic } from "../api/diagnostic.ts";
import type { ObjectMeta } from "../api/object.ts";
import type { CheckEntry } from "../cli/ports.ts";
import type { Snapshot } from "../snapshot/compiled.ts";

/** Whether each object is accepted; one entry per defect of one that is not, and per pattern that an AuthProvider lost. */
export function checkEntries(snapshot: Snapshot): readonly CheckEntry[] {
  const groups = [snapshot.stores, snapshot.authProviders, snapshot.verifiers, snapshot.keyProviders];
  return groups.flatMap((group) =>
    [...group.values()]
      .toSorted((a, b) => (a.meta.name < b.meta.name ? -1 : 1))
      .flatMap((entry) => {
        const losses = entry.kind === "AuthProvider" ? (snapshot.patternLosses.get(entry.meta.name) ?? []) : [];
        const conflicts = losses.map(({ pattern, keptBy }) => ({
          reason: "PatternConflict",
          path: "spec.registries",
          message: `pattern "${pattern}" is kept by the older AuthProvider/${keptBy}`,
        }));
        return entriesOf(entry.kind, entry.meta, [...entry.diagnostics, ...conflicts]);
      }),
  );
}

function entriesOf(kind: string, meta: ObjectMeta, diagnostics: readonly Diagnostic[]): readonly CheckEntry[] {
  const identity = { kind, ...(meta.namespace !== undefined && { namespace: meta.namespace }), name: meta.name };
  if (diagnostics.length === 0) return [{ ...identity, accepted: true, reason: "Valid" }];
  return diagnostics.map(({ reason, path, message }) => ({
    ...identity,
    accepted: false,
    reason,
    ...(path !== undefined && { path }),
    message,
  }));
}
