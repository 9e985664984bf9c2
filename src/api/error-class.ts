/** One list, used in conditions, `lastError`, reports, metrics and documents (design 5; the mapping from Node's errors stands in transport/). */
export const errorClasses = [
  "DNSFailure",
  "ConnectionRefused",
  "ConnectionReset",
  "Timeout",
  "TLSFailure",
  "AuthenticationFailed",
  "AuthorizationDenied",
  "NotFound",
  "RateLimited",
  "ServerError",
  "CredentialUnavailable",
  "UnsafeEndpoint",
  "ProtocolError",
  "LimitExceeded",
  "Internal",
] as const;
export type ErrorClass = (typeof errorClasses)[number];

/** A failure as people and programs read it. `message` ≤ 256 bytes, names the host, holds no secret and nothing that varies with time. */
export interface Failure {
  readonly class: ErrorClass;
  readonly message: string;
  /** Epoch ms before which asking again is impolite; from `Retry-After`. */
  readonly retryAt?: number;
}

/** One sentence each: what a person does about it. */
export const remedies: { readonly [C in ErrorClass]: string } = {
  DNSFailure: "Check the host name in scopes, evidenceRepository or rewrite, and the cluster's DNS",
  ConnectionRefused: "Check that the registry runs and listens on that port, and that a network policy lets the operator reach it",
  ConnectionReset: "The registry, or something between, closed the connection: look at its log, and whether the port speaks TLS",
  Timeout: "The registry did not answer in time: look at its load, or raise spec.timeout",
  TLSFailure: "Check the registry's certificate; set spec.registry.caBundleRef for a private CA",
  AuthenticationFailed: "Check the credential of the AuthProvider named; where none is named, add one whose registries match this host",
  AuthorizationDenied:
    "Grant the credential pull access to this repository; where none was sent, add an AuthProvider whose registries match this host",
  NotFound: "The registry knows no such repository or reference, or does not say so to this credential",
  RateLimited: "Wait, use an authenticated AuthProvider, or ask the registry's owner for a larger quota",
  ServerError: "The registry failed to answer: look at its log",
  CredentialUnavailable:
    "Read the status of the AuthProvider named: what it gets credentials from is missing, unusable or in conflict, or refuses",
  UnsafeEndpoint:
    "No request goes to where this host lies, or where it leads. Name a registry inside in a scope or an AuthProvider; declare a token service of another host in tokenHosts",
  ProtocolError: "What answered is not a registry, or breaks the distribution specification: check host, port and path",
  LimitExceeded: "Raise the limit named in the message, or remove what is too large",
  Internal: "This is a defect of Countersign: please report it with the log line",
};
