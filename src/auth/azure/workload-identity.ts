import type { AzureWorkloadIdentityConfig } from "../../api/auth-azure.ts";
import { federatedProblem, type FederatedSource, federatedToken, nameOf } from "../../keychain/federated-token.ts";
import { mintedProvider } from "../../keychain/minted-provider.ts";
import type { AuthProvider, AuthProviderDeps } from "../../keychain/ports.ts";
import { azureClouds } from "./clouds.ts";
import { exchangeFederated } from "./entra.ts";
import { azureMinter } from "./minter.ts";

/** `azureWorkloadIdentity`: an application or managed identity that trusts the tokens of a ServiceAccount. */
export function azureWorkloadIdentityAuth(config: AzureWorkloadIdentityConfig, deps: AuthProviderDeps): AuthProvider {
  const { clientID, tenantID, serviceAccountRef, trustedHostSuffixes } = config;
  const cloud = azureClouds[config.cloud];
  const { tokenFile } = deps.cloud.ambient.azure;
  const source: FederatedSource = {
    audience: cloud.federatedAudience,
    ...(serviceAccountRef !== undefined
      ? { serviceAccount: serviceAccountRef.name }
      : tokenFile !== undefined && { file: { path: tokenFile, variable: "AZURE_FEDERATED_TOKEN_FILE" } }),
  };
  const name = nameOf(source, deps.namespace ?? deps.cloud.tokens?.namespace);
  const azure = {
    identity: clientID,
    tenantID,
    cloud,
    trustedHostSuffixes,
    problem: federatedProblem(source, deps),
    fetchToken: async (signal: AbortSignal) => {
      const assertion = await federatedToken(source, deps, signal);
      return await exchangeFederated(
        { clientID, tenantID, source: name, cloud, assertion },
        { http: deps.cloud.http, clock: deps.clock },
        signal,
      );
    },
  };
  return mintedProvider(azureMinter(azure, deps), deps);
}
