import { keyOfId } from "../api/object.ts";
import { parseRetryAfter } from "../kernel/retry-after.ts";
import type { BoundCredential } from "../oci/credential.ts";
import { type ErrorBody } from "./error-body.ts";
import { hostOf, type RegistryRequest } from "./request.ts";
import { failed, TransportError } from "./transport-error.ts";
import type { WireResponse } from "./wire.ts";

/** A registry's 401 or 403, in words: whose credential it refused, or that none was sent and why. */
export function refusalOf(
  request: RegistryRequest,
  options: {
    readonly status: number;
    readonly isExpiredToken: boolean;
    readonly credential: BoundCredential | undefined;
    readonly sent: boolean;
  },
): TransportError {
  const { status, credential, sent, isExpiredToken } = options;
  const host = hostOf(request.access.origin);
  if (!sent) {
    const why =
      credential === undefined ? (request.access.note ?? "sent without a credential") : "it asks for no credential that we could send";
    return failed(status === 403 ? "AuthorizationDenied" : "AuthenticationFailed", host, `refused (${status}); ${why}`, { status });
  }
  // A token that was got without a credential says no more than none at all.
  if (credential === undefined)
    return failed(
      status === 403 ? "AuthorizationDenied" : "AuthenticationFailed",
      host,
      `refused (${status}); ${request.access.note ?? "sent without a credential"}`,
      { status },
    );
  const whose = `the credential of ${keyOfId("AuthProvider", credential.provider)}`;
  if (status === 403 && !isExpiredToken) return failed("AuthorizationDenied", host, `${whose} may not do this (403)`, { status });
  return failed("AuthenticationFailed", host, `refused ${whose} (${status})`, { status });
}

/** Every other status that is no answer. */
export function statusError(
  host: string,
  response: WireResponse,
  options: { readonly now: number; readonly body: ErrorBody },
): TransportError {
  const { status } = response;
  const retryAt = parseRetryAfter(response.headers.get("retry-after"), options.now);
  const hold = retryAt === undefined ? {} : { retryAt };
  if (status === 429 || options.body.codes.includes("TOOMANYREQUESTS"))
    return new TransportError({ class: "RateLimited", message: `${host}: too many requests (${status})`, ...hold }, { status });
  if (status >= 500) return new TransportError({ class: "ServerError", message: `${host}: answered ${status}`, ...hold }, { status });
  return failed("ProtocolError", host, `answered ${status}`, { status });
}
