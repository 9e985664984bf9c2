import type { ErrorClass } from "../api/error-class.ts";

/** How a class of failure moves health: `permanent` is an answer that waiting does not change, `transient` may pass by itself. */
interface FailurePolicy {
  readonly kind: "permanent" | "transient";
  /** Whether a probe is worth repeating before the interval is over (registry-auth 6.3). */
  readonly retryable: boolean;
  /** Whether one image's failure says nothing of the host: real traffic that asks for an image which is not there must not turn a Store red. */
  readonly ofOneImage: boolean;
}

const permanent: FailurePolicy = { kind: "permanent", retryable: false, ofOneImage: false };
const transient: FailurePolicy = { kind: "transient", retryable: true, ofOneImage: false };
const stubborn: FailurePolicy = { kind: "transient", retryable: false, ofOneImage: false };

const policies: { readonly [C in ErrorClass]: FailurePolicy } = {
  DNSFailure: transient,
  ConnectionRefused: transient,
  ConnectionReset: transient,
  Timeout: transient,
  TLSFailure: permanent,
  AuthenticationFailed: permanent,
  AuthorizationDenied: permanent,
  NotFound: { ...permanent, ofOneImage: true },
  RateLimited: transient,
  ServerError: transient,
  // Its Secret may be there in a moment, a cloud's identity service back: no registry is asked for that, and who gives credentials keeps its own pauses.
  CredentialUnavailable: { ...permanent, retryable: true },
  UnsafeEndpoint: permanent,
  ProtocolError: stubborn,
  LimitExceeded: { ...stubborn, ofOneImage: true },
  Internal: stubborn,
};

/** What one class of failure means for health and for the next probe. */
export function failurePolicy(errorClass: ErrorClass): FailurePolicy {
  return policies[errorClass];
}
