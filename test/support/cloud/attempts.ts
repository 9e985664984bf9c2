import { alibabaConfig, alibabaRegistry } from "./alibaba.ts";
import { awsRole, ecrRegistryHost } from "./aws.ts";
import { azureClient, azureTenant } from "./azure.ts";
import { googlePool } from "./google.ts";

/** What somebody who may write a NamespacedAuthProvider could try, to act as somebody else in a cloud or to be shown a token. */
export interface Attempt {
  readonly what: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What is said of it, each with its path. */
  readonly refusal: readonly string[];
  /** Nothing but a field that nobody knows: the API server takes it away where a client asks it not to tell. */
  readonly isUnknownField: boolean;
}

type Fields = Readonly<Record<string, unknown>>;
const { endpoints: _, instances, serviceAccountRef, roleARN, oidcProviderARN } = alibabaConfig;

/** Of each type that tenants have, what they may write. */
export const ownIdentities: Readonly<Record<string, Fields>> = {
  azureWorkloadIdentity: { clientID: azureClient, tenantID: azureTenant, serviceAccountRef: { name: "puller" } },
  awsEcr: { roleARN: awsRole, serviceAccountRef: { name: "puller" } },
  alibabaAcr: { serviceAccountRef, roleARN, oidcProviderARN, instances },
  googleArtifactRegistry: { workloadIdentityFederation: googlePool },
};
const hosts: Readonly<Record<string, string>> = {
  azureWorkloadIdentity: "acmeregistry.azurecr.io",
  awsEcr: ecrRegistryHost,
  alibabaAcr: alibabaRegistry,
  googleArtifactRegistry: "europe-west1-docker.pkg.dev",
};

export const specOf = (type: string, config: Fields): Fields => ({ registries: [hosts[type]], type, [type]: config });

/** Names that would leave the namespace, if a name were a path. */
const names = ["team-b/x", "../team-b/x", "..", "countersign-system/countersign", "system:serviceaccount:team-b:x"];
const unknowns = ["trustedHostSuffixes", "cloud", "source", "stsRegion", "endpoints", "endpoint", "audience", "authorityHost", "tokenFile"];

/** Where a type has the reference to the ServiceAccount: in it, or one deeper. */
function withAccount(type: string, config: Fields, account: Fields): { readonly path: string; readonly config: Fields } {
  if (type !== "googleArtifactRegistry") return { path: `spec.${type}`, config: { ...config, ...account } };
  const pool = { ...googlePool, ...account };
  return { path: `spec.${type}.workloadIdentityFederation`, config: { ...config, workloadIdentityFederation: pool } };
}

export const attempts: readonly Attempt[] = Object.entries(ownIdentities).flatMap(([type, config]) => {
  const { path } = withAccount(type, config, {});
  const bare = JSON.parse(JSON.stringify(withAccount(type, config, { serviceAccountRef: undefined }).config)) as Fields;
  const spec = (given: Fields): Fields => specOf(type, given);
  return [
    {
      what: `${type} without a ServiceAccount, as the operator's own identity`,
      spec: spec(bare),
      refusal: [`${path}.serviceAccountRef: Required value`],
      isUnknownField: false,
    },
    ...names.map((name) => ({
      what: `${type} with a ServiceAccount of another namespace, as ${name}`,
      spec: spec(withAccount(type, config, { serviceAccountRef: { name } }).config),
      refusal: [`${path}.serviceAccountRef.name: `],
      isUnknownField: false,
    })),
    {
      what: `${type} with a ServiceAccount and its namespace`,
      spec: spec(withAccount(type, config, { serviceAccountRef: { name: "x", namespace: "team-b" } }).config),
      refusal: [`${path}.serviceAccountRef.namespace: unknown field "${path}.serviceAccountRef.namespace"`],
      isUnknownField: true,
    },
    ...unknowns.map((field) => ({
      what: `${type} with ${field}`,
      spec: spec({ ...config, [field]: field === "trustedHostSuffixes" ? [".evil.example"] : "https://evil.example" }),
      refusal: [`spec.${type}.${field}: unknown field "spec.${type}.${field}"`],
      isUnknownField: true,
    })),
  ];
});
