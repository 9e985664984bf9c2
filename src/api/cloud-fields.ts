import { judged, refField } from "./fields.ts";
import { clusterOnly, list, optionalForCluster, type Schema, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

/** A ServiceAccount whose tokens are exchanged in a cloud (TokenRequest). */
export interface ServiceAccountRef {
  readonly name: string;
}

/**
 * Whose token is exchanged. A cluster-scoped object may leave it out: then it is the identity that the cloud's own means give to the operator's pod, which
 * no tenant may use (design 2.2).
 */
export const serviceAccountField: Schema<ServiceAccountRef, "optional"> = optionalForCluster(
  refField(
    "A ServiceAccount in the operator's namespace, whose token (TokenRequest) is exchanged for the identity.",
    "Name of the ServiceAccount.",
  ),
);

const suffixClauses: readonly Clause[] = [
  {
    shape: "^([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){2,8}$",
    negated: true,
    detail: 'is not a suffix of host names: a "." first, then two labels at least, lower case',
  },
];

/** Ends of registry host names that an administrator vouches for, beside those of the cloud: `.azurecr.example`. */
export const trustedHostSuffixesField: Schema<readonly string[], "present"> = clusterOnly(
  list(
    'Ends of host names, each with its leading ".", of registries that belong to this cloud, for private and sovereign clouds. Whoever runs a host below one of them is shown credentials of this identity.',
    judged(text("One suffix, such as .azurecr.example.", { maxLength: 253 }), suffixClauses, "must be a suffix of host names"),
    { maxItems: 16, listType: "set", default: [] },
  ),
);

const uuidClauses: readonly Clause[] = [
  {
    shape: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    negated: true,
    detail: "is not a UUID, as 12345678-9abc-def0-1234-56789abcdef0",
  },
];

/** An id as Microsoft Entra ID has them. */
export function uuidField(description: string): Schema<string, "present"> {
  return judged(text(description, { maxLength: 36 }), uuidClauses, "must be a UUID");
}
