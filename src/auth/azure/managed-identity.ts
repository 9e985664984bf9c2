import type { AzureManagedIdentityConfig } from "../../api/auth-azure.ts";
import { mintedProvider } from "../../keychain/minted-provider.ts";
import type { AuthProvider, AuthProviderDeps, Unavailable } from "../../keychain/ports.ts";
import { azureClouds } from "./clouds.ts";
import { instanceToken } from "./instance-identity.ts";
import { azureMinter } from "./minter.ts";

/** `azureManagedIdentity`: an identity of the node that the operator runs on. */
export function azureManagedIdentityAuth(config: AzureManagedIdentityConfig, deps: AuthProviderDeps): AuthProvider {
  const { clientID, resourceID, tenantID, trustedHostSuffixes } = config;
  const given = clientID ?? resourceID;
  const name = given === undefined ? "the node's system-assigned identity" : `identity ${given}`;
  const which = { name, ...(clientID !== undefined ? { clientID } : resourceID !== undefined && { resourceID }) };
  const azure = {
    identity: given ?? name,
    tenantID,
    cloud: azureClouds[config.cloud],
    trustedHostSuffixes,
    problem: deps.namespace === undefined ? undefined : notForTenants,
    fetchToken: (signal: AbortSignal) => instanceToken(which, { http: deps.cloud.http, clock: deps.clock }, signal),
  };
  return mintedProvider(azureMinter(azure, deps), deps);
}

/** The schema has said so already; what does not come through it must not use the node's identity either (design 2.2). */
const notForTenants: Unavailable = {
  reason: "IdentityNotFound",
  message: "A NamespacedAuthProvider cannot use the identities of a node: use azureWorkloadIdentity",
};
