import type { AuthProviderConfigs } from "../api/auth-provider.ts";
import { capturedProvider, notReady, refused } from "../keychain/answer.ts";
import { credentialsFor, refuseUseless } from "../keychain/docker-config-json.ts";
import { refuseForeign, refuseWildcard, wildcardNeedsKeyedSecret } from "../keychain/gate.ts";
import type { AuthProvider, AuthProviderDeps, ProviderState } from "../keychain/ports.ts";
import { readSecretCredentials, type SecretCredentials } from "../keychain/secret-credentials.ts";
import { echo } from "../oci/parsed.ts";
import type { Pattern } from "../oci/pattern.ts";

/** `type: kubernetesSecret`: the Secret as it was when the snapshot was compiled; a change of it compiles a new provider. */
export function kubernetesSecretAuth(config: AuthProviderConfigs["kubernetesSecret"], deps: AuthProviderDeps): AuthProvider {
  const source = `Secret/${echo(config.secretRef.name, 63)}`;
  const secret = deps.material.secret(config.secretRef.name);
  const content: SecretCredentials =
    secret === undefined
      ? { kind: "unavailable", reason: "RefNotFound", message: deps.material.withheld?.("Secret") ?? `${source} does not exist` }
      : readSecretCredentials(secret);
  return capturedProvider(
    (repository) => {
      const foreign = refuseForeign(deps, repository);
      if (foreign !== undefined) return refused(foreign);
      switch (content.kind) {
        case "keyed":
          return credentialsFor(content.keys, repository, source);
        case "basic": {
          const wildcard = refuseWildcard(deps.patterns, repository, source);
          return wildcard === undefined ? { ok: true, credentials: [content.credential] } : refused(wildcard);
        }
        case "unavailable":
          return refused(content);
      }
    },
    stateOf(content, { source, patterns: deps.patterns }),
  );
}

function stateOf(content: SecretCredentials, options: { readonly source: string; readonly patterns: readonly Pattern[] }): ProviderState {
  const { source, patterns } = options;
  switch (content.kind) {
    case "keyed": {
      const useless = refuseUseless(content.keys, patterns, source);
      if (useless !== undefined) return notReady(useless, content.warnings);
      return { ready: true, reason: "Resolved", message: `${source} has credentials`, warnings: content.warnings };
    }
    case "basic": {
      const wildcard = patterns.filter((pattern) => pattern.wildcards > 0);
      const ignored = wildcard.map((pattern) => `${source} is one password and is not used for "${echo(pattern.text)}"`);
      if (wildcard.length === patterns.length) return notReady(wildcardNeedsKeyedSecret(source));
      return { ready: true, reason: "Resolved", message: `${source} has a credential`, warnings: ignored };
    }
    case "unavailable":
      return notReady(content);
  }
}
