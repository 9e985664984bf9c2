import type { GoogleArtifactRegistryConfig, WorkloadIdentityFederation } from "../../api/auth-google.ts";
import { federatedProblem, type FederatedSource, federatedToken, nameOf } from "../../keychain/federated-token.ts";
import { mintedProvider, type Minter, type MintTarget } from "../../keychain/minted-provider.ts";
import type { AuthProvider, AuthProviderDeps, Unavailable } from "../../keychain/ports.ts";
import { Secret } from "../../kernel/secret.ts";
import type { AccessToken } from "./access-token.ts";
import { isGoogleRegistry } from "./hosts.ts";
import { metadataToken } from "./metadata.ts";

/** Where the token comes from. */
interface Source {
  readonly identity: string;
  readonly problem?: Unavailable;
  readonly token: (signal: AbortSignal) => Promise<AccessToken>;
}

/** `type: googleArtifactRegistry`: an OAuth token of Google as the password of `oauth2accesstoken`; one for all hosts, since it opens all of them. */
export function googleArtifactRegistryAuth(config: GoogleArtifactRegistryConfig, deps: AuthProviderDeps): AuthProvider {
  const { workloadIdentityFederation: pool, serviceAccountEmail: email } = config;
  const source = pool === undefined ? ambient(email, deps) : federated(pool, email, deps);
  const minter: Minter<MintTarget> = {
    cloud: "Google Artifact Registry",
    identity: source.identity,
    target: (repository) => (isGoogleRegistry(repository) ? { key: source.identity } : undefined),
    mint: async (_target, signal) => {
      const { token, expiresAt } = await source.token(signal);
      return { scheme: "basic", username: new Secret("oauth2accesstoken"), secret: token, expiresAt };
    },
    ...(source.problem !== undefined && { problem: source.problem }),
  };
  return mintedProvider(minter, deps);
}

function ambient(email: string | undefined, deps: AuthProviderDeps): Source {
  return {
    identity: email ?? "default service account",
    // The schema refuses it too: the identity of the machine is no tenant's.
    ...(deps.namespace !== undefined && {
      problem: {
        reason: "IdentityNotFound",
        message: "A NamespacedAuthProvider uses the token of a ServiceAccount: set workloadIdentityFederation",
      },
    }),
    token: async (signal) => await metadataToken(email, deps, signal),
  };
}

function federated(pool: WorkloadIdentityFederation, email: string | undefined, deps: AuthProviderDeps): Source {
  const { projectNumber, poolID, providerID, serviceAccountRef } = pool;
  const poolPath = `//iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/${poolID}`;
  const source: FederatedSource = { serviceAccount: serviceAccountRef.name, audience: `${poolPath}/providers/${providerID}` };
  const namespace = deps.namespace ?? deps.cloud.tokens?.namespace;
  const whose = nameOf(source, namespace);
  const problem = federatedProblem(source, deps);
  return {
    // As `google.subject` of its principal ends.
    identity: email ?? (namespace === undefined ? whose : `system:serviceaccount:${namespace}:${serviceAccountRef.name}`),
    ...(problem !== undefined && { problem }),
    token: async (signal) => {
      const subjectToken = await federatedToken(source, deps, signal);
      // The SDK is read when it is first needed: 4 MiB and 30 ms that nobody else pays.
      const { federatedAccessToken } = await import("./federation.ts");
      const request = { pool, audience: source.audience, whose, subjectToken, ...(email !== undefined && { email }) };
      return await federatedAccessToken(request, deps, signal);
    },
  };
}
