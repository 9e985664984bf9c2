import { type ServiceAccountRef, serviceAccountField, trustedHostSuffixesField } from "./cloud-fields.ts";
import { judged } from "./fields.ts";
import { choice, clusterOnly, optional, optionalForCluster, type Schema, struct, type StructRule, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

const sources = ["Auto", "WebIdentity", "PodIdentity", "InstanceRole"] as const;
/** By which of AWS's means the operator's pod says who it is. */
export type AwsSource = (typeof sources)[number];

/** Amazon ECR, private and public. */
export interface AwsEcrConfig {
  /** Role that a web identity assumes; absent: the pod's (AWS_ROLE_ARN), or there is none to assume. */
  readonly roleARN?: string;
  /** Absent: the identity of the operator's pod. */
  readonly serviceAccountRef?: ServiceAccountRef;
  readonly source: AwsSource;
  /** Region whose STS is asked; absent: the registry's own. */
  readonly stsRegion?: string;
  readonly trustedHostSuffixes: readonly string[];
}

const roleClauses: readonly Clause[] = [
  {
    // IAM: partition, 12 digits, a path of segments, and a name of 64 at most.
    shape: "^arn:aws(-cn|-us-gov|-iso|-iso-b|-iso-e|-iso-f|-eusc)?:iam::[0-9]{12}:role/([-_+=,.@a-zA-Z0-9]+/)*[-_+=,.@a-zA-Z0-9]{1,64}$",
    negated: true,
    detail: "is not the ARN of an IAM role, as arn:aws:iam::123456789012:role/countersign",
  },
];

/** `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: a label of a host name, and never more than one. */
const regionClauses: readonly Clause[] = [
  { shape: "^[a-z]{2,5}(-[a-z]{1,12}){1,3}-[0-9]{1,2}$", negated: true, detail: "is not an AWS region, as eu-west-1" },
];

/** Whose ServiceAccount it is that assumes: nothing on it is read but its token. */
const roleRule: StructRule = {
  about: "source",
  rule: "!has(self.serviceAccountRef) || has(self.roleARN)",
  message: "serviceAccountRef is set",
  requires: "roleARN",
  judge: (fields) => (fields.has("serviceAccountRef") && !fields.has("roleARN") ? "serviceAccountRef is set" : undefined),
};

const sourceMessage = "source is an identity of the operator's pod; leave it out where serviceAccountRef is set";
const sourceRule: StructRule = {
  about: "source",
  rule: "!has(self.serviceAccountRef) || self.source == 'Auto'",
  message: sourceMessage,
  judge: (fields) => {
    const isPods = sources.some((source) => source !== "Auto" && source === fields.get("source"));
    return fields.has("serviceAccountRef") && isPods ? sourceMessage : undefined;
  },
};

const assumeMessage = "roleARN is assumed with a web identity; PodIdentity and InstanceRole have a role of their own";
const assumeRule: StructRule = {
  about: "source",
  rule: "!has(self.roleARN) || !(self.source in ['PodIdentity', 'InstanceRole'])",
  message: assumeMessage,
  judge: (fields) => {
    const source = fields.get("source");
    return fields.has("roleARN") && (source === "PodIdentity" || source === "InstanceRole") ? assumeMessage : undefined;
  },
};

export const awsEcrSchema: Schema<AwsEcrConfig, "present"> = struct(
  "Amazon Elastic Container Registry, private (of any account and region) and public, as an IAM role.",
  {
    roleARN: optionalForCluster(
      judged(
        text(
          "The IAM role that the ServiceAccount assumes. Left out: the role that the pod's environment names, or that its identity is.",
          {
            maxLength: 512,
          },
        ),
        roleClauses,
        "must be the ARN of an IAM role",
      ),
    ),
    serviceAccountRef: serviceAccountField,
    source: clusterOnly(
      choice(
        "Which identity of the operator's pod it is: WebIdentity (IRSA: the token file that AWS_WEB_IDENTITY_TOKEN_FILE names), PodIdentity (the agent of EKS Pod Identity), InstanceRole (the node's instance profile). Auto is the first of these that the pod's environment has, in this order; if that one then fails, no other is tried.",
        sources,
        { default: "Auto" },
      ),
    ),
    stsRegion: clusterOnly(
      optional(
        judged(
          text("Region whose STS is asked for the role's credentials. Left out: the region of the registry.", { maxLength: 32 }),
          regionClauses,
          "must be an AWS region",
        ),
      ),
    ),
    trustedHostSuffixes: trustedHostSuffixesField,
  },
  { rules: [roleRule, sourceRule, assumeRule] },
);
