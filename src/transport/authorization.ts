import { InvariantError } from "../kernel/error.ts";
import { Secret } from "../kernel/secret.ts";
import type { BoundCredential } from "../oci/credential.ts";

/** A header value and the only place where it may be sent; made from a credential, or from a token that was got for one. */
export interface Authorization {
  readonly header: Secret;
  readonly origin: string;
  readonly pathPrefixes: readonly string[];
  /** `identity` of the credential behind it, or `anonymous`. */
  readonly sentAs: string;
  /** Came out of the token cache: a 401 may only mean that it is too old (H14). */
  readonly cached: boolean;
}

/** What `sentAs` says of a request that carried nothing of ours. */
export const anonymous = "anonymous";

/** `Basic`, RFC 7617: UTF-8, split at the first colon by the other side. */
export function basicAuthorization(credential: BoundCredential): Authorization {
  const pair = `${credential.username?.reveal() ?? ""}:${credential.secret.reveal()}`;
  return bind(credential, new Secret(`Basic ${Buffer.from(pair, "utf8").toString("base64")}`));
}

/** A registry token that is sent as it is, RFC 6750. */
export function bearerAuthorization(credential: BoundCredential): Authorization {
  return bind(credential, new Secret(`Bearer ${credential.secret.reveal()}`));
}

function bind(credential: BoundCredential, header: Secret): Authorization {
  const { origin, pathPrefixes, identity } = credential;
  return { header, origin, pathPrefixes, sentAs: identity, cached: false };
}

/**
 * Whether `authorization` may go to `path` (query included) at `origin`: its own origin, and `/v2/` exactly or below one of its prefixes. The last thing
 * that is asked before a header is set, whatever was checked before (H1).
 */
export function maySend(authorization: Authorization, origin: string, path: string): boolean {
  if (authorization.origin !== origin) return false;
  const [pathname = ""] = path.split("?");
  return (
    pathname === "/v2/" ||
    authorization.pathPrefixes.some((prefix) => prefix.startsWith("/v2/") && prefix.endsWith("/") && isBelow(pathname, prefix))
  );
}

/**
 * Below, and without what some server would read as a step up: dot segments, also encoded once or twice, or with the parameters that servers in Java cut
 * off (`..;`).
 */
function isBelow(pathname: string, prefix: string): boolean {
  return pathname.startsWith(prefix) && !/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|;|\\|%5c|%2f|%25|%3b/i.test(pathname);
}

/** Printable ASCII: what a header can hold. An InvariantError would quote nothing either way. */
export function headerValue(secret: Secret): string {
  const value = secret.reveal();
  if (!/^[\x20-\x7e]+$/.test(value)) throw new InvariantError("A credential has characters that no header can hold");
  return value;
}
