import { boundedMessage } from "../api/diagnostic.ts";
import type { ErrorClass, Failure } from "../api/error-class.ts";
import { CodedError, type Remedy } from "../kernel/error.ts";

/**
 * A request could not be answered. Code `TRANSPORT_<CLASS>`; the message names the host and what went wrong, never a URL, a token or the body of an
 * answer. There is no `cause`: errors of Node and undici hold sockets, certificates and addresses, and all that helps is in the message.
 */
export class TransportError extends CodedError<`TRANSPORT_${Uppercase<string>}`> {
  readonly failure: Failure;
  /** Set where an answer came, and was a refusal. */
  readonly status?: number;

  constructor(failure: Failure, options: { readonly status?: number } = {}) {
    const code = failure.class.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() as Uppercase<string>;
    const message = boundedMessage(failure.message);
    super(`TRANSPORT_${code}`, message, { remedy: remedyOf(failure.class) });
    this.failure = { ...failure, message };
    if (options.status !== undefined) this.status = options.status;
  }

  get class(): ErrorClass {
    return this.failure.class;
  }
}

/** A failure of `host`: `<host>: <detail>`. */
export function failed(failureClass: ErrorClass, host: string, detail: string, options: { readonly status?: number } = {}): TransportError {
  return new TransportError({ class: failureClass, message: `${host}: ${detail}` }, options);
}

function remedyOf(failureClass: ErrorClass): Remedy {
  switch (failureClass) {
    case "DNSFailure":
    case "ConnectionRefused":
    case "ConnectionReset":
    case "Timeout":
    case "RateLimited":
    case "ServerError":
      return "retry";
    case "TLSFailure":
    case "AuthenticationFailed":
    case "AuthorizationDenied":
    case "CredentialUnavailable":
    case "UnsafeEndpoint":
    case "LimitExceeded":
      return "fix-configuration";
    case "NotFound":
    case "ProtocolError":
    case "Internal":
      return "none";
  }
}
