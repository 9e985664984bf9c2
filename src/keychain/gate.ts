import { keyOfId } from "../api/object.ts";
import { echo } from "../oci/parsed.ts";
import { matchesPattern, type Pattern } from "../oci/pattern.ts";
import { registryOf, type Repository } from "../oci/repository.ts";
import type { AuthProviderDeps, Unavailable } from "./ports.ts";

/**
 * A provider gives nothing for a repository that none of its own patterns matches, whoever asks: the keychain's selection is the first gate and not the
 * only one (Ratify's static provider answered for every host).
 */
export function refuseForeign(deps: Pick<AuthProviderDeps, "name" | "patterns">, repository: Repository): Unavailable | undefined {
  if (deps.patterns.some((pattern) => matchesPattern(pattern, repository))) return undefined;
  return {
    reason: "HostNotAllowed",
    message: `${keyOfId("AuthProvider", echo(deps.name))} has no pattern for ${echo(registryOf(repository))}`,
  };
}

/** One password must not go to every tenant of a cloud registry: it needs a pattern that writes the host out. */
export function refuseWildcard(patterns: readonly Pattern[], repository: Repository, source: string): Unavailable | undefined {
  if (patterns.some((pattern) => pattern.wildcards === 0 && matchesPattern(pattern, repository))) return undefined;
  return wildcardNeedsKeyedSecret(source);
}

export function wildcardNeedsKeyedSecret(source: string): Unavailable {
  return {
    reason: "WildcardNeedsKeyedSecret",
    message: `${source} is one password for any host; under a pattern with "*" use a Secret of type kubernetes.io/dockerconfigjson`,
  };
}
