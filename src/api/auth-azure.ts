import { serviceAccountField, type ServiceAccountRef, trustedHostSuffixesField, uuidField } from "./cloud-fields.ts";
import { judged } from "./fields.ts";
import { choice, clusterOnly, optional, type Schema, struct, type StructRule, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

/** The clouds that Microsoft runs; each has an authority of its own and a suffix for its registries. */
export type AzureCloudName = "AzurePublic" | "AzureUSGovernment" | "AzureChina";

interface AzureCommon {
  /** Of the Entra tenant that the registries belong to. */
  readonly tenantID: string;
  readonly cloud: AzureCloudName;
  readonly trustedHostSuffixes: readonly string[];
}
export interface AzureWorkloadIdentityConfig extends AzureCommon {
  readonly clientID: string;
  /** Absent: the token file that Azure's webhook gives to the operator's pod. */
  readonly serviceAccountRef?: ServiceAccountRef;
}
/** Neither id: the identity that the node itself has. */
export interface AzureManagedIdentityConfig extends AzureCommon {
  readonly clientID?: string;
  readonly resourceID?: string;
}

const tenantID = uuidField(
  "Tenant of Microsoft Entra ID that the registries belong to: it issues the token. An application of another tenant needs a service principal in it.",
);
/** The authority and the audience follow from it: neither is for a tenant to choose (design 2.2). */
const cloud: Schema<AzureCloudName, "present"> = clusterOnly(
  choice(
    "Which of Microsoft's clouds the registries and the tenant are in.",
    ["AzurePublic", "AzureUSGovernment", "AzureChina"] as const satisfies readonly AzureCloudName[],
    { default: "AzurePublic" },
  ),
);

/** Member `azureWorkloadIdentity` of an AuthProvider. */
export const azureWorkloadIdentitySchema: Schema<AzureWorkloadIdentityConfig, "present"> = struct(
  "Registries of Azure, by the token of a ServiceAccount that an application or a managed identity of Microsoft Entra ID trusts.",
  {
    clientID: uuidField("Client id of the application or of the user-assigned managed identity that trusts the ServiceAccount."),
    tenantID,
    serviceAccountRef: serviceAccountField,
    cloud,
    trustedHostSuffixes: trustedHostSuffixesField,
  },
);

const resourceClauses: readonly Clause[] = [
  {
    shape:
      "^/subscriptions/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/resource[gG]roups/[-._()a-zA-Z0-9]{1,90}/providers/[mM]icrosoft[.][mM]anaged[iI]dentity/userAssignedIdentities/[-_a-zA-Z0-9]{1,128}$",
    negated: true,
    detail:
      "is no such resource id: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
  },
];

const oneIdentity: StructRule = {
  rule: "!has(self.clientID) || !has(self.resourceID)",
  message: "clientID and resourceID both name the identity; keep one",
  judge: (fields) =>
    fields.has("clientID") && fields.has("resourceID") ? "clientID and resourceID both name the identity; keep one" : undefined,
};

/** Member `azureManagedIdentity` of an AuthProvider: the node's identities are nothing for a tenant. */
export const azureManagedIdentitySchema: Schema<AzureManagedIdentityConfig, "present"> = clusterOnly(
  struct(
    "Registries of Azure, by a managed identity of the node that the operator runs on. With neither clientID nor resourceID it is the node's system-assigned identity.",
    {
      clientID: optional(uuidField("Client id of a user-assigned managed identity that the node has.")),
      resourceID: optional(
        judged(
          text("In its place: the resource id of that identity.", { maxLength: 512 }),
          resourceClauses,
          "must be the resource id of a managed identity",
        ),
      ),
      tenantID,
      cloud,
      trustedHostSuffixes: trustedHostSuffixesField,
    },
    { rules: [oneIdentity] },
  ),
);
