import type { ConditionType } from "./condition.ts";
import { type ErrorClass, errorClasses } from "./error-class.ts";

interface Meaning {
  readonly conditions: readonly ConditionType[];
  /** One sentence: what it says, and what to do where something is to be done. */
  readonly means: string;
}

/**
 * Every reason that stands in a condition, besides the error classes (`Reachable`, and whatever copies it); docs/reference/reasons.md is made of
 * this. `Ready` copies the reason of the first condition that is False, so that only its own are listed for it.
 */
export const reasons = {
  Valid: { conditions: ["Accepted"], means: "The object says something that can be done." },
  PartiallyAccepted: {
    conditions: ["Accepted"],
    means: "Some patterns belong to an older AuthProvider that has the same; the others work.",
  },
  InvalidSpec: {
    conditions: ["Accepted", "CredentialsResolved"],
    means: "A field is wrong: the message names it. Until it is repaired the object works in the way that allows least.",
  },
  InvalidExpression: {
    conditions: ["Accepted"],
    means:
      "A CEL expression cannot be evaluated: the message says where and why. Until it is repaired the Policy allows nothing (docs/reference/expressions.md).",
  },
  UnsupportedType: { conditions: ["Accepted"], means: "This version does not know `spec.type`: upgrade, or use another type." },
  PatternConflict: {
    conditions: ["Accepted", "CredentialsResolved"],
    means:
      "Two AuthProviders have the same pattern, and the older keeps it (its `Accepted` stays True): remove it from one of the two, or separate them by `authProviderRefs`.",
  },
  Resolved: { conditions: ["CredentialsResolved", "TrustResolved"], means: "Everything that the object refers to is there and usable." },
  Anonymous: { conditions: ["CredentialsResolved"], means: "Registries are asked without a credential, as the object says." },
  RefNotFound: {
    conditions: ["CredentialsResolved", "TrustResolved"],
    means:
      "An object that is referred to does not exist, or may not be read: the message says which. Create it in the operator's namespace, or in the namespace of the object that refers to it; it is picked up within seconds.",
  },
  ProviderNotFound: {
    conditions: ["CredentialsResolved"],
    means: "`authProviderRefs` names an AuthProvider that does not exist, or whose `allowedNamespaces` has not the namespace.",
  },
  CredentialInvalid: {
    conditions: ["CredentialsResolved"],
    means: "The Secret or file is of another type or cannot be read as what it should be: the message says which.",
  },
  CredentialExpired: { conditions: ["CredentialsResolved"], means: "The credential is past its expiry and no new one could be had." },
  WildcardNeedsKeyedSecret: {
    conditions: ["CredentialsResolved"],
    means: "A user and password would go to every registry that a wildcard matches: use a dockerconfigjson Secret with one entry a host.",
  },
  NoMatchingKey: {
    conditions: ["CredentialsResolved"],
    means: "The Secret has no entry for this registry: add one, or narrow `registries`.",
  },
  PlainHTTPNotAllowed: {
    conditions: ["CredentialsResolved"],
    means: "The host is spoken to in plain HTTP and `allowCredentialsOverHTTP` is not set: no secret is sent.",
  },
  HostNotAllowed: {
    conditions: ["CredentialsResolved"],
    means:
      "No AuthProvider matches the host and the Store says `unmatched: Deny`, or the one that matches is for another cloud's registries: nothing is sent.",
  },
  NotRequested: {
    conditions: ["CredentialsResolved", "Ready"],
    means: "Nothing is known to be wrong, and no credential was needed yet: it is fetched with the first image or probe.",
  },
  TokenRequestDenied: {
    conditions: ["CredentialsResolved"],
    means:
      "The API server gives the operator no token of the ServiceAccount: it does not exist, or the operator may not `create` its `serviceaccounts/token`.",
  },
  IdentityNotFound: {
    conditions: ["CredentialsResolved"],
    means: "There is no identity where it should be: no token file in the operator's pod, no metadata service, or no cluster.",
  },
  IdentityRefused: {
    conditions: ["CredentialsResolved"],
    means: "The cloud's identity service refused: the message says which trust, application or role is missing there.",
  },
  RegistryRefused: {
    conditions: ["CredentialsResolved"],
    means: "The registry takes no credential of this identity: grant it the right to pull. Other registries are not affected.",
  },
  IdentityUnreachable: {
    conditions: ["CredentialsResolved"],
    means: "The cloud's identity service cannot be reached, or fails; it is asked again.",
  },
  Throttled: {
    conditions: ["CredentialsResolved"],
    means: "The cloud's identity service says that it is asked too often; it is asked again when it allows it.",
  },
  KeysLoaded: { conditions: ["TrustResolved"], means: "The keys are there and usable." },
  NoTrustedKeys: {
    conditions: ["TrustResolved"],
    means: "There is no key to trust: add one, or name a KeyProvider that has one. Until then nothing can be verified.",
  },
  KeyUnusable: {
    conditions: ["TrustResolved"],
    means:
      "A key is none, is of a kind that is not supported, or is too weak: the message names it, and says whether the keys of an earlier version stay in use.",
  },
  DependencyNotReady: {
    conditions: ["TrustResolved"],
    means: "An object that is referred to is missing, or is there and not ready itself: its own status says why.",
  },
  CheckSucceeded: { conditions: ["Reachable"], means: "The last probe succeeded." },
  TrafficSucceeded: { conditions: ["Reachable"], means: "The last request for an image succeeded." },
  NotChecked: {
    conditions: ["Reachable"],
    means: "Nothing has been asked yet: no host is written out in the scopes, or its turn has not come.",
  },
  ChecksDisabled: { conditions: ["Reachable"], means: "`suspend` is set: no probes are made." },
  AllReplicas: { conditions: ["Programmed"], means: "Every replica of the operator works by this generation." },
  ReplicasDiverged: { conditions: ["Programmed"], means: "A replica works by another generation, or has a problem of its own." },
  NoReplicaReport: { conditions: ["Programmed"], means: "No replica has reported yet." },
  Pending: { conditions: ["CredentialsResolved", "TrustResolved", "Programmed"], means: "Not found out yet." },
  Succeeded: { conditions: ["Ready"], means: "Everything that can be checked works." },
  ExceptionExpiring: {
    conditions: ["Ready"],
    means: "The Policy works, and one of its exceptions ends within a week: make its images meet the Policy, or give it another end.",
  },
  ExceptionExpired: {
    conditions: ["Ready"],
    means: "The Policy works, and one of its exceptions has ended: its images are judged like all others. Remove it.",
  },
  NotProbed: {
    conditions: ["Ready"],
    means: "Accepted, and no host to probe: hosts behind a wildcard are known once an image names them.",
  },
  Progressing: { conditions: ["Ready", "Reconciling"], means: "A new generation is being taken up." },
  ProgressingWithRetry: { conditions: ["Reconciling"], means: "Something failed that may pass; it is tried again." },
} as const satisfies Readonly<Record<string, Meaning>>;

/** A reason of a condition. */
export type ConditionReason = keyof typeof reasons | ErrorClass;

/** Whether a word may stand as a condition's reason. */
export function isReason(word: string): word is ConditionReason {
  return Object.hasOwn(reasons, word) || errorClasses.some((name) => name === word);
}
