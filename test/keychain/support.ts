import { Secret } from "../../src/kernel/secret.ts";
import { createKeychain, type KeychainProvider, type ViewKeychain } from "../../src/keychain/keychain.ts";
import { type AuthProvider, CredentialUnavailableError, type UnavailableReason } from "../../src/keychain/ports.ts";
import { pattern } from "../oci/support.ts";

export const signal: AbortSignal = new AbortController().signal;
const ready = { ready: true, reason: "Resolved", message: "", warnings: [] };

/** Answers with one password that names the provider, so that a mix-up shows. */
export function answering(name: string): AuthProvider {
  return {
    credentials: () =>
      Promise.resolve([
        { scheme: "basic", username: new Secret(name), secret: new Secret(`password of ${name}`), revision: `secret-${name}/1` },
      ]),
    state: () => ready,
  };
}

export const withoutCredential: AuthProvider = { credentials: () => Promise.resolve([]), state: () => ready };

export function failing(reason: UnavailableReason, message: string): AuthProvider {
  return {
    credentials: () => Promise.reject(new CredentialUnavailableError(reason, message)),
    state: () => ({ ...ready, ready: false, reason, message }),
    unavailable: () => ({ reason, message }),
  };
}

export function provider(name: string, patterns: readonly string[], options: Partial<KeychainProvider> = {}): KeychainProvider {
  return {
    name,
    uid: `uid-${name}`,
    creationTime: 0,
    revision: "r1",
    patterns: patterns.map(pattern),
    tokenHosts: [],
    plainHTTPHosts: [],
    allowCredentialsOverHTTP: false,
    provider: answering(name),
    ...options,
  };
}

export function keychain(
  providers: readonly KeychainProvider[],
  options: { readonly unmatched?: "Anonymous" | "Deny"; readonly missingRefs?: readonly string[] } = {},
): ViewKeychain {
  return createKeychain({ providers, unmatched: "Anonymous", ...options });
}
