import { keyOfId, resolveRef } from "../api/object.ts";
import { decodeVerifier, keyProviderRefsOf } from "../api/verifier.ts";
import { ownValue } from "../api/walk.ts";
import type { CompiledKeyProvider, CompiledVerifier } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import { firstDefect, type Identified, isSame } from "./identity.ts";
import { revisionOf } from "./revision.ts";

interface Deps {
  readonly factories: Factories;
  readonly keyProviders: ReadonlyMap<string, CompiledKeyProvider>;
  /** By id; of which there are some is all that is asked. */
  readonly verifiers: ReadonlyMap<string, unknown>;
}

/** An instance is kept for as long as the object and the keys are what they were; whether the Verifiers that it believes exist is looked up each time. */
export function compileVerifier(object: Identified, before: CompiledVerifier | undefined, deps: Deps): CompiledVerifier {
  const { meta } = object;
  const own = compileOwn(object, before, deps);
  const missing = own.verifier?.signedBy?.find((id) => !deps.verifiers.has(id));
  const problem = own.ownProblem ?? (missing === undefined ? undefined : `${keyOfId("Verifier", missing)} does not exist`);
  const revision = missing === undefined ? own.ownRevision : revisionOf([own.ownRevision, missing]);
  return { ...own, kind: "Verifier", meta, revision, ...(problem !== undefined && { problem }) };
}

type Own = Omit<CompiledVerifier, "kind" | "meta" | "revision" | "problem">;

function compileOwn(object: Identified, before: CompiledVerifier | undefined, deps: Deps): Own {
  const { meta, id, key } = object;
  const decoded = before !== undefined && isSame(before, object) ? before : decodeEntry(object.raw);
  const { spec, diagnostics } = decoded;
  const refs = new Map((spec === undefined ? [] : keyProviderRefsOf(spec)).map((ref) => [ref, resolveRef(ref, meta.namespace)] as const));
  const keyProviders = [...refs.values()];
  const found = keyProviders.map((name) => deps.keyProviders.get(name));
  const ownRevision = revisionOf([meta.uid, String(meta.generation), ...found.map((entry) => entry?.revision ?? "absent")]);
  if (before?.ownRevision === ownRevision) {
    const { problem: _, ...kept } = before;
    return kept;
  }
  const shared = { diagnostics, ownRevision, keyProviders } as const;
  if (spec === undefined) return { ...shared, references: [], ownProblem: `${key} is invalid: ${firstDefect(diagnostics)}` };
  const built = deps.factories.verifier(spec, {
    name: id,
    ...(meta.namespace !== undefined && { namespace: meta.namespace }),
    keyProviders: new Map([...refs].map(([ref, name]) => [ref, deps.keyProviders.get(name)?.keyProvider])),
  });
  const ownProblem = problemOf(keyProviders, deps.keyProviders) ?? built.problem;
  return {
    ...shared,
    references: [
      ...keyProviders.map((name) => keyOfId("KeyProvider", name)),
      ...(built.verifier.signedBy ?? []).map((name) => keyOfId("Verifier", name)),
    ],
    spec,
    rawSpec: ownValue(object.raw, "spec"),
    ...(spec.scopes !== undefined && { scopes: spec.scopes }),
    verifier: built.verifier,
    ...(ownProblem !== undefined && { ownProblem }),
  };
}

function decodeEntry(raw: unknown): Pick<CompiledVerifier, "spec" | "diagnostics"> {
  const decoded = decodeVerifier(raw);
  return decoded.ok ? { spec: decoded.spec, diagnostics: [] } : { diagnostics: decoded.diagnostics };
}

/** Why nothing may be concluded from what a Verifier rejects: the first of its KeyProviders that is missing, invalid, or without one of its keys. */
function problemOf(names: readonly string[], keyProviders: ReadonlyMap<string, CompiledKeyProvider>): string | undefined {
  for (const name of names) {
    const label = keyOfId("KeyProvider", name);
    const entry = keyProviders.get(name);
    if (entry === undefined) return `${label} does not exist`;
    if (entry.diagnostics.length > 0) return `${label} is invalid`;
    if (entry.keyProvider?.problem !== undefined) return `${label}: ${entry.keyProvider.problem}`;
  }
  return undefined;
}
