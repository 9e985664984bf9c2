import type { AuthProviderConfigs } from "../api/auth-provider.ts";
import { capturedProvider, notReady, refused } from "../keychain/answer.ts";
import { credentialsFor, type KeyedCredential, refuseUseless } from "../keychain/docker-config-json.ts";
import { refuseForeign } from "../keychain/gate.ts";
import type { AuthProvider, AuthProviderDeps, MaterialReader, ProviderState, Unavailable } from "../keychain/ports.ts";
import { readSecretCredentials } from "../keychain/secret-credentials.ts";
import { echo } from "../oci/parsed.ts";

/** Pull secrets that are read, in the order of the list; a ServiceAccount with more is a mistake. */
const mostPullSecrets = 32;

interface PullSecrets {
  readonly keys: readonly KeyedCredential[];
  readonly warnings: readonly string[];
  /** Set if no key can be had at all. */
  readonly problem?: Unavailable;
}

/** `type: serviceAccount`: the `imagePullSecrets` of a ServiceAccount in the own namespace, as the kubelet uses them; its tokens are not. */
export function serviceAccountAuth(config: AuthProviderConfigs["serviceAccount"], deps: AuthProviderDeps): AuthProvider {
  const source = `ServiceAccount/${echo(config.serviceAccountRef.name, 63)}`;
  const pulled = readPullSecrets(config.serviceAccountRef.name, source, deps.material);
  return capturedProvider(
    (repository) => {
      const problem = refuseForeign(deps, repository) ?? pulled.problem;
      return problem === undefined ? credentialsFor(pulled.keys, repository, source) : refused(problem);
    },
    stateOf(pulled, source, deps),
  );
}

function readPullSecrets(name: string, source: string, material: MaterialReader): PullSecrets {
  const account = material.serviceAccount(name);
  if (account === undefined) {
    const message = material.withheld?.("ServiceAccount") ?? `${source} does not exist`;
    return { keys: [], warnings: [], problem: { reason: "RefNotFound", message } };
  }
  const names = account.imagePullSecrets;
  if (names.length === 0)
    return { keys: [], warnings: [], problem: { reason: "NoMatchingKey", message: `${source} names no imagePullSecrets` } };
  const keys: KeyedCredential[] = [];
  const warnings: string[] =
    names.length > mostPullSecrets ? [`${source}: only the first ${mostPullSecrets} imagePullSecrets are read`] : [];
  let readable = 0;
  let problem: Unavailable | undefined;
  for (const secretName of names.slice(0, mostPullSecrets)) {
    const secret = material.secret(secretName);
    const content = secret === undefined ? missing(secretName, material) : readSecretCredentials(secret);
    switch (content.kind) {
      case "keyed":
        readable += 1;
        keys.push(...content.keys);
        warnings.push(...content.warnings);
        break;
      case "basic":
        // It names no registry: the kubelet does not use it as a pull secret either.
        warnings.push(`Secret/${echo(secretName, 63)} is of type kubernetes.io/basic-auth, which is no pull secret, and is skipped`);
        break;
      case "unavailable":
        problem ??= { reason: content.reason, message: content.message };
        warnings.push(skipped(content));
        break;
    }
  }
  if (readable > 0) return { keys, warnings };
  return {
    keys,
    // The first failure is the message already; a status shows both, one after the other.
    warnings: warnings.filter((warning) => problem === undefined || warning !== skipped(problem)),
    problem: problem ?? { reason: "NoMatchingKey", message: `${source} names no imagePullSecrets that can be used` },
  };
}

function skipped(unavailable: Unavailable): string {
  return `${unavailable.message}; skipped`;
}

function missing(name: string, material: MaterialReader): { readonly kind: "unavailable" } & Unavailable {
  const message = material.withheld?.("Secret") ?? `Secret/${echo(name, 63)} does not exist`;
  return { kind: "unavailable", reason: "RefNotFound", message };
}

function stateOf(pulled: PullSecrets, source: string, deps: Pick<AuthProviderDeps, "patterns">): ProviderState {
  const problem = pulled.problem ?? refuseUseless(pulled.keys, deps.patterns, source);
  if (problem !== undefined) return notReady(problem, pulled.warnings);
  return { ready: true, reason: "Resolved", message: `${source} has credentials`, warnings: pulled.warnings };
}
