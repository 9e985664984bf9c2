import { conditionsField, messageField, timeField } from "./condition.ts";
import { errorClasses } from "./error-class.ts";
import { choice, type Fields, integer, list, optional, type Schema, struct, type StructOf, text, type TypeOf } from "./schema.ts";

/** `endpoints[]` holds no more (design 5): a scope with wildcards may meet any number of hosts. */
export const maxEndpoints = 32;

const count = (description: string): Schema<number, "present"> => integer(description, { minimum: 0, maximum: 2 ** 31 - 1 });
const errorClass = choice("Class of the error; docs/reference/reasons.md says what to do about each.", errorClasses);

const lastError = struct("The last failure of this generation; it stays after recovery, with resolvedTime.", {
  class: errorClass,
  message: messageField("The failure, for people."),
  firstTime: timeField("When it was first seen in this run of failures."),
  time: timeField("When it was last seen."),
  count: count("How often it was seen in a row."),
  resolvedTime: optional(timeField("When it was over; absent while it lasts.")),
});

const endpoint = struct("One registry host.", {
  endpoint: text("Host, as host or host:port.", { minLength: 1, maxLength: 512 }),
  state: choice("Healthy, Failing, or Unknown while nothing has been seen of it.", ["Healthy", "Failing", "Unknown"]),
  reason: optional(text("Why: a success, or the class of the error.", { maxLength: 64 })),
  message: optional(messageField("Why, for people.")),
  latencyMilliseconds: optional(count("Time that the last success took, rounded to two digits.")),
  authProvider: optional(text("AuthProvider that answers for it, name or namespace/name; absent: none does.", { maxLength: 317 })),
  referrersAPI: optional(choice("Whether the registry has the referrers API.", ["Supported", "Unsupported"])),
  consecutiveFailures: optional(count("Failures in a row.")),
  lastCheckTime: optional(timeField("When it was last asked.")),
  lastSuccessTime: optional(timeField("When it last answered.")),
});

const shared = {
  observedGeneration: integer("metadata.generation that this status is of; -1: of none yet.", {
    minimum: -1,
    maximum: Number.MAX_SAFE_INTEGER,
    default: -1,
  }),
  conditions: optional(conditionsField),
} as const;

function status<const F extends Fields>(fields: F): Schema<StructOf<typeof shared> & StructOf<F>, "present"> {
  const node: Schema = struct(
    "What the operator found out; written by it alone.",
    { ...shared, ...fields },
    { default: { observedGeneration: -1 } },
  );
  return node as Schema<StructOf<typeof shared> & StructOf<F>, "present">; // the compiler does not see that the fields of a spread are those of its parts
}

export const storeStatus = status({
  registry: optional(text("Registry that is read, and how many more: acme.azurecr.io (+3).", { maxLength: 1100 })),
  auth: optional(text("AuthProvider that answers, and how many more: acr (+1); - for none.", { maxLength: 512 })),
  endpoints: optional(
    list("The registry hosts that were probed or met.", endpoint, { maxItems: maxEndpoints, listType: { keys: ["endpoint"] } }),
  ),
  lastCheckTime: optional(timeField("When any host was last asked; written now and then, not with every probe.")),
  lastSuccessTime: optional(timeField("When any host last answered.")),
  consecutiveFailures: optional(count("Failures in a row, the most of any host.")),
  latencyMilliseconds: optional(count("Time that the last success took, rounded to two digits.")),
  lastError: optional(lastError),
});
/** `status` of a Store as it is written to the API. */
export type StoreStatus = TypeOf<typeof storeStatus>;
export type EndpointStatus = TypeOf<typeof endpoint>;
export type LastErrorStatus = TypeOf<typeof lastError>;

export const authProviderStatus = status({
  type: optional(text("spec.type that this status is of.", { maxLength: 64 })),
  boundStores: optional(count("How many Stores may use it.")),
  credentialRevision: optional(
    text("uid/resourceVersion of the Secret that is in use: changes with the credential and tells nothing of it.", { maxLength: 512 }),
  ),
  identity: optional(
    text(
      "Whom it acts as at the registries: a client id, the ARN of a role, an account; never a token. Absent: it has no identity of its own.",
      {
        maxLength: 512,
      },
    ),
  ),
  expirationTime: optional(
    timeField("When the first of the credentials in use ends; another is fetched before that. Absent: none is in use, or they do not end."),
  ),
  lastRefreshTime: optional(timeField("When a credential was last fetched.")),
  lastError: optional(lastError),
});
/** `status` of an AuthProvider as it is written to the API. */
export type AuthProviderStatus = TypeOf<typeof authProviderStatus>;

export const verifierStatus = status({ keys: optional(count("How many keys it trusts.")) });
/** `status` of a Verifier as it is written to the API. */
export type VerifierStatus = TypeOf<typeof verifierStatus>;

export const keyProviderStatus = status({
  keyCount: optional(count("How many keys it gives.")),
  keys: optional(
    list(
      "The keys that it gives.",
      struct("One key.", {
        name: text("Name of the key.", { minLength: 1, maxLength: 253 }),
        algorithm: text("Kind of key, such as ECDSA P-256.", { maxLength: 64 }),
        fingerprint: text("SHA-256 of its SubjectPublicKeyInfo.", { maxLength: 128 }),
      }),
      { maxItems: 64, listType: { keys: ["name"] } },
    ),
  ),
});
/** `status` of a KeyProvider as it is written to the API. */
export type KeyProviderStatus = TypeOf<typeof keyProviderStatus>;

export const policyStatus = status({
  enforcement: optional(text("spec.enforcement that this status is of; an invalid Policy counts as Enforce.", { maxLength: 16 })),
  requirements: optional(count("How many requirements an image has to meet.")),
  expiringExceptions: optional(
    list(
      "Exceptions that end within a week, or have ended and can be removed.",
      struct("One exception.", {
        reason: text("Its reason, as the spec has it.", { minLength: 1, maxLength: 256 }),
        expirationTime: timeField("When it ends, or has ended."),
        scopes: count("How many scopes it lets through."),
      }),
      { maxItems: 16, listType: "atomic" },
    ),
  ),
});
/** `status` of a Policy as it is written to the API. */
export type PolicyStatus = TypeOf<typeof policyStatus>;

/** Which status belongs to which kind. */
export interface Statuses {
  readonly Store: StoreStatus;
  readonly AuthProvider: AuthProviderStatus;
  readonly Verifier: VerifierStatus;
  readonly KeyProvider: KeyProviderStatus;
  readonly Policy: PolicyStatus;
}
