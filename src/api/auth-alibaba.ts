import { type ServiceAccountRef, serviceAccountField } from "./cloud-fields.ts";
import { judged } from "./fields.ts";
import { choice, clusterOnly, list, optional, optionalForCluster, type Schema, struct, type StructRule, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

/** A role of Alibaba Cloud, and which instance of Container Registry answers at which host: the name of the host has not the id. */
export interface AlibabaAcrConfig {
  /** Absent: the token file of the operator's pod (RRSA). */
  readonly serviceAccountRef?: ServiceAccountRef;
  /** Absent: as the environment of the operator's pod says. */
  readonly roleARN?: string;
  readonly oidcProviderARN?: string;
  readonly instances: readonly AlibabaInstance[];
  /** `VPC`: the endpoints of the registry's region that can be reached without the internet. */
  readonly endpoints: "Public" | "VPC";
}
export interface AlibabaInstance {
  readonly host: string;
  /** Absent exactly where the host is the Personal Edition's. */
  readonly instanceID?: string;
}

/** `acs:ram::<account>:<kind>/<name>`: it becomes a part of a form, and of messages. */
function arnField(description: string, kind: "role" | "oidc-provider"): Schema<string, "present"> {
  const clauses: readonly Clause[] = [
    {
      shape: `^acs:ram::[0-9]{6,20}:${kind}/[-._@a-zA-Z0-9]{1,64}$`,
      negated: true,
      detail: `is not the ARN of a${kind === "role" ? " role" : "n OIDC provider"}, as acs:ram::1234567890123456:${kind}/${kind === "role" ? "registry-reader" : "ack-rrsa-c1a2b3"}`,
    },
  ];
  return judged(text(description, { maxLength: 128 }), clauses, `must be the ARN of a ${kind}`);
}

/** As `src/auth/alibaba/hosts.ts` reads it. */
const name = "[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?";
const registry = "registry(-intl)?(-vpc)?(-internal)?";
const region = "[a-z]{2}(-[a-z0-9]{1,20}){1,4}";
const hostClauses: readonly Clause[] = [
  {
    shape: `^(${name}-${registry}[.]${region}[.]cr|${registry}[.]${region})[.]aliyuncs[.]com$`,
    negated: true,
    detail: "is no host of Container Registry, as acme-registry.cn-hangzhou.cr.aliyuncs.com",
  },
];
const instanceClauses: readonly Clause[] = [
  { shape: "^cri-[a-z0-9]{4,32}$", negated: true, detail: "is not the id of an instance, as cri-xkx6vujuhay0tnwr" },
];

/** What tells the editions apart, once a host is one of either. */
const [enterprise, either] = [".cr.aliyuncs.com", ".aliyuncs.com"];
const [needed, surplus] = ["an instance of the Enterprise Edition has an id", "the Personal Edition has no instances: remove instanceID"];
const editionRules: readonly StructRule[] = [
  {
    rule: `!self.host.endsWith('${enterprise}') || has(self.instanceID)`,
    message: needed,
    requires: "instanceID",
    judge: (fields) => (hostEndsWith(fields, enterprise) && !fields.has("instanceID") ? needed : undefined),
  },
  {
    rule: `!self.host.endsWith('${either}') || self.host.endsWith('${enterprise}') || !has(self.instanceID)`,
    message: surplus,
    judge: (fields) =>
      hostEndsWith(fields, either) && !hostEndsWith(fields, enterprise) && fields.has("instanceID") ? surplus : undefined,
  },
];

function hostEndsWith(fields: ReadonlyMap<string, unknown>, suffix: string): boolean {
  const host = fields.get("host");
  return typeof host === "string" && host.endsWith(suffix);
}

export const alibabaAcr: Schema<AlibabaAcrConfig, "present"> = struct(
  "Temporary credentials for Container Registry of Alibaba Cloud, by a role that the token of a ServiceAccount may assume (RRSA).",
  {
    serviceAccountRef: serviceAccountField,
    roleARN: optionalForCluster(
      arnField(
        "ARN of the role to assume. An AuthProvider may leave it out where the environment of the operator's pod has one (ALIBABA_CLOUD_ROLE_ARN).",
        "role",
      ),
    ),
    oidcProviderARN: optionalForCluster(
      arnField(
        "ARN of the OIDC provider that trusts the cluster. An AuthProvider may leave it out where the environment of the operator's pod has one (ALIBABA_CLOUD_OIDC_PROVIDER_ARN).",
        "oidc-provider",
      ),
    ),
    instances: list(
      "Which instance answers at which host; no other host gets a credential.",
      struct(
        "A host and its instance.",
        {
          host: judged(
            text(
              "Exact host of the registry: <instance name>-registry[-vpc].<region>.cr.aliyuncs.com; of the Personal Edition, registry[-vpc].<region>.aliyuncs.com.",
              { maxLength: 128 },
            ),
            hostClauses,
            "must be a host of Container Registry",
          ),
          instanceID: optional(
            judged(
              text("Id of the instance, as the console shows it; none of the Personal Edition.", { maxLength: 36 }),
              instanceClauses,
              "must be an instance's id",
            ),
          ),
        },
        { rules: editionRules },
      ),
      { minItems: 1, maxItems: 64, listType: { keys: ["host"] } },
    ),
    endpoints: clusterOnly(
      choice(
        "Which endpoints of STS and Container Registry are asked: Public, or VPC, those of the registry's region that machines in a VPC reach without the internet.",
        ["Public", "VPC"],
        { default: "Public" },
      ),
    ),
  },
);
