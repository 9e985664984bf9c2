import type { UnavailableReason } from "../keychain/ports.ts";
import type { Outlook } from "./status-conditions.ts";

/**
 * Of each reason why there is no credential (operator.md 2.1). `retried`: another object is edited, a right granted or a service comes back, and it is noticed:
 * by watch, or with the next attempt. `stuck`: the object itself, its Store or the operator's pod has to be changed, or the registry's owner has to be asked.
 */
const outlooks: { readonly [R in UnavailableReason]: Outlook } = {
  RefNotFound: "retried",
  CredentialInvalid: "retried",
  CredentialExpired: "retried",
  NoMatchingKey: "retried",
  ProviderNotFound: "retried",
  // A trust or a role that was set up just now takes minutes to count everywhere.
  TokenRequestDenied: "retried",
  IdentityRefused: "retried",
  IdentityUnreachable: "retried",
  Throttled: "retried",
  WildcardNeedsKeyedSecret: "stuck",
  PatternConflict: "stuck",
  InvalidSpec: "stuck",
  PlainHTTPNotAllowed: "stuck",
  HostNotAllowed: "stuck",
  IdentityNotFound: "stuck",
  // As AuthorizationDenied of a Store.
  RegistryRefused: "stuck",
};

/** How a missing credential is to be taken; undefined for a reason of another sort. */
export function credentialOutlook(reason: string): Outlook | undefined {
  return isUnavailable(reason) ? outlooks[reason] : undefined;
}

function isUnavailable(reason: string): reason is UnavailableReason {
  return Object.hasOwn(outlooks, reason);
}
