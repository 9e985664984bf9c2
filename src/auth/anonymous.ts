import type { AuthProviderConfigs } from "../api/auth-provider.ts";
import type { AuthProvider, AuthProviderDeps } from "../keychain/ports.ts";

/** `type: anonymous`: requests go out without a credential, and that is no accident. */
export function anonymousAuth(_config: AuthProviderConfigs["anonymous"], _deps: AuthProviderDeps): AuthProvider {
  return {
    credentials: () => Promise.resolve([]),
    state: () => ({ ready: true, reason: "Anonymous", message: "Requests are sent without a credential", warnings: [] }),
  };
}
