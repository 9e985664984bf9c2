import type { AuthProviderConfigs, AuthProviderSpec, AuthProviderType } from "../api/auth-provider.ts";
import type { AuthProvider, AuthProviderDeps } from "../keychain/ports.ts";
import { alibabaAcrAuth } from "./alibaba/alibaba-acr.ts";
import { anonymousAuth } from "./anonymous.ts";
import { azureManagedIdentityAuth } from "./azure/managed-identity.ts";
import { azureWorkloadIdentityAuth } from "./azure/workload-identity.ts";
import { awsEcrAuth } from "./aws/aws-ecr.ts";
import { dockerConfigAuth } from "./docker-config.ts";
import { googleArtifactRegistryAuth } from "./google/google-artifact-registry.ts";
import { kubernetesSecretAuth } from "./kubernetes-secret.ts";
import { serviceAccountAuth } from "./service-account.ts";

/** One factory for every `spec.type`, total over the CRD's union. Factories are synchronous and do no input or output. */
export type AuthProviderCatalog = {
  readonly [T in AuthProviderType]: (config: AuthProviderConfigs[T], deps: AuthProviderDeps) => AuthProvider;
};

export const authProviders: AuthProviderCatalog = {
  anonymous: anonymousAuth,
  kubernetesSecret: kubernetesSecretAuth,
  serviceAccount: serviceAccountAuth,
  dockerConfig: dockerConfigAuth,
  googleArtifactRegistry: googleArtifactRegistryAuth,
  alibabaAcr: alibabaAcrAuth,
  azureWorkloadIdentity: azureWorkloadIdentityAuth,
  azureManagedIdentity: azureManagedIdentityAuth,
  awsEcr: awsEcrAuth,
};

/** Builds the provider of one AuthProvider object. */
export function buildAuthProvider<T extends AuthProviderType>(spec: AuthProviderSpec<T>, deps: AuthProviderDeps): AuthProvider {
  return authProviders[spec.type](spec.config, deps);
}
