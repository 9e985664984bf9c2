import { keyOfId, objectId, objectKey } from "../api/object.ts";
import { defaultLimits } from "../api/store.ts";
import type { PolicySpec } from "../api/policy.ts";
import type { ViewPolicy, ViewStore, ViewVerifier } from "../engine/view.ts";
import { matchesScope } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import type { CompiledPolicy, CompiledStore, CompiledVerifier } from "./compiled.ts";

/** A failed location has no time of its own; this is the default of the schema. */
const defaultTimeoutMs = 2000;

export function toViewStore(entry: CompiledStore): ViewStore {
  return {
    name: objectId(entry.meta),
    evidence: entry.evidence,
    timeoutMs: entry.spec?.timeoutMs ?? defaultTimeoutMs,
    limits: entry.spec?.limits ?? defaultLimits,
    ...(entry.store !== undefined && { store: entry.store }),
    ...(entry.problem !== undefined && { problem: entry.problem }),
  };
}

/** The object, its material, and the AuthProviders that answer for this image's repositories: exactly what a verdict depends on. */
export function storeRevision(entry: CompiledStore, repository: Repository): string {
  const name = objectId(entry.meta);
  if (entry.store === undefined) return `${name}=${entry.ownRevision}`;
  const selected = entry.store.repositories(repository).map((target) => {
    const selection = entry.keychain.select(target);
    const provider = "provider" in selection && selection.provider !== undefined ? entry.view.revisions.get(selection.provider) : undefined;
    return `${selection.outcome}:${provider ?? ""}`;
  });
  return `${name}=${entry.ownRevision}+${selected.join("+")}`;
}

/** A Verifier that is named, existing or not, as it judges images of `repository`. */
export function toViewVerifier(name: string, entry: CompiledVerifier | undefined, repository: Repository): ViewVerifier {
  if (entry === undefined) return { name, problem: `${keyOfId("Verifier", name)} does not exist` };
  if (isOutOfScope(entry, repository)) return { name, isOutOfScope: true };
  return {
    name,
    ...(entry.verifier !== undefined && { verifier: entry.verifier }),
    ...(entry.problem !== undefined && { problem: entry.problem }),
  };
}

export function verifierRevision(name: string, entry: CompiledVerifier | undefined, repository: Repository): string {
  if (entry === undefined) return `${name} absent`;
  return isOutOfScope(entry, repository) ? `${name} out of scope` : `${name}=${entry.revision}`;
}

function isOutOfScope({ scopes }: CompiledVerifier, repository: Repository): boolean {
  return scopes !== undefined && !scopes.some((scope) => matchesScope(scope, repository));
}

/** An invalid Policy is treated as `Enforce` and `Deny`, whatever its fields say (design 2). */
export function toViewPolicy(entry: CompiledPolicy, repository: Repository): ViewPolicy {
  const name = objectKey("Policy", entry.meta);
  const { spec, problem } = entry;
  if (spec === undefined || problem !== undefined) {
    const strictest = { enforcement: "Enforce", onInconclusive: "Deny", tags: "Pin", exceptions: [], require: [] } as const;
    return { name, ...strictest, problem: problem ?? `${name} is invalid` };
  }
  return {
    name,
    enforcement: spec.enforcement,
    onInconclusive: spec.onInconclusive,
    tags: spec.tags,
    platforms: spec.platforms,
    exceptions: exceptionsFor(spec, repository).map(({ expirationTime, reason }) => ({ expirationTime, reason })),
    require: entry.requirements,
  };
}

/** The exceptions whose scopes match, whatever the time. */
export function exceptionsFor({ exceptions }: PolicySpec, repository: Repository): PolicySpec["exceptions"] {
  return exceptions.filter(({ scopes }) => scopes.some((scope) => matchesScope(scope, repository)));
}

/** `Enforce` as it counts for the built-in policy. */
export function enforces({ spec, problem }: CompiledPolicy): boolean {
  return spec === undefined || problem !== undefined || spec.enforcement === "Enforce";
}
