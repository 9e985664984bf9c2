import type { ServiceAccountRef } from "./cloud-fields.ts";
import { judged, refField } from "./fields.ts";
import { integer, optional, optionalForCluster, type Schema, struct, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

/** Where the OAuth token of `googleArtifactRegistry` comes from. */
export interface GoogleArtifactRegistryConfig {
  /** Absent: the metadata server of the machine, which no tenant may use. */
  readonly workloadIdentityFederation?: WorkloadIdentityFederation;
  /** Absent: the default account of the metadata server; with federation: the federated identity itself. */
  readonly serviceAccountEmail?: string;
}

/** A provider of a workload identity pool, and whose token it is given. */
export interface WorkloadIdentityFederation {
  readonly serviceAccountRef: ServiceAccountRef;
  readonly projectNumber: number;
  readonly poolID: string;
  readonly providerID: string;
}

/** 4 to 32 characters of this set: what the IAM API takes as an id of a pool or of a provider. */
const idClauses: readonly Clause[] = [
  { shape: "^[-a-z0-9]{4,32}$", negated: true, detail: 'is no id: 4 to 32 lower-case letters, digits and "-"' },
];

function idField(description: string): Schema<string, "present"> {
  return judged(text(description, { maxLength: 32 }), idClauses, "must be an id");
}

/** It becomes a part of a URL: nothing but the forms that Google gives out, all below a domain of Google. */
const emailClauses: readonly Clause[] = [
  {
    shape: "^[a-z0-9][-a-z0-9]{0,62}@([a-z0-9][-a-z0-9]{0,62}[.]){1,6}gserviceaccount[.]com$",
    negated: true,
    detail: "is no service account's address, as reader@acme-prod.iam.gserviceaccount.com",
  },
];

export const googleArtifactRegistry: Schema<GoogleArtifactRegistryConfig, "present"> = struct(
  "OAuth tokens for Google Artifact Registry, also under its gcr.io names: of the metadata server of the machine, or for the token of a ServiceAccount through workload identity federation.",
  {
    workloadIdentityFederation: optionalForCluster(
      struct("A provider of a workload identity pool that trusts the tokens of this cluster.", {
        serviceAccountRef: refField(
          "A ServiceAccount in the operator's namespace, whose token (TokenRequest) the provider is given.",
          "Name of the ServiceAccount.",
        ),
        projectNumber: integer("Number of the project that has the pool.", { minimum: 1, maximum: 999_999_999_999_999 }),
        poolID: idField("Id of the pool."),
        providerID: idField("Id of the provider in the pool."),
      }),
    ),
    serviceAccountEmail: optional(
      judged(
        text(
          "Google service account to act as. Left out: the default account of the metadata server; with workloadIdentityFederation: the federated identity itself.",
          { maxLength: 160 },
        ),
        emailClauses,
        "must be the address of a service account",
      ),
    ),
  },
);
