import type { Credential } from "../oci/credential.ts";
import type { Repository } from "../oci/repository.ts";
import { type AuthProvider, CredentialUnavailableError, type ProviderState, type Unavailable } from "./ports.ts";

/** Credentials for one repository, or why there are none: both are ordinary here, only {@link AuthProvider.credentials} throws the second. */
export type Answer = { readonly ok: true; readonly credentials: readonly Credential[] } | ({ readonly ok: false } & Unavailable);

/** A provider that answers from what was captured, without waiting for anything. */
export function capturedProvider(answer: (repository: Repository) => Answer, state: ProviderState): AuthProvider {
  return {
    credentials: (repository) => {
      const answered = answer(repository);
      return answered.ok ? Promise.resolve(answered.credentials) : Promise.reject(toError(answered));
    },
    state: () => state,
    unavailable: (repository) => {
      const answered = answer(repository);
      return answered.ok ? undefined : { reason: answered.reason, message: answered.message };
    },
  };
}

/** The same as an exception, which is how a caller that needs a credential learns that there is none. */
export function toError(unavailable: Unavailable): CredentialUnavailableError {
  return new CredentialUnavailableError(unavailable.reason, unavailable.message);
}

export function refused(unavailable: Unavailable): { readonly ok: false } & Unavailable {
  return { ok: false, reason: unavailable.reason, message: unavailable.message };
}

/** The state of a provider that cannot help at all; what its message says already is no warning beside it. */
export function notReady({ reason, message }: Unavailable, warnings: readonly string[] = []): ProviderState {
  return { ready: false, reason, message, warnings: warnings.filter((warning) => warning !== message) };
}
