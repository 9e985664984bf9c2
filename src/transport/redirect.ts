import { hostOf, type RegistryRequest, repositoryPrefix } from "./request.ts";
import { failed } from "./transport-error.ts";

/** One place on the way of a redirect. */
export interface Hop {
  readonly origin: string;
  /** With query. */
  readonly path: string;
  /** Still on the registry's own origin and below the repository's prefix: the credential may stay (maySend has the last word). */
  readonly isInside: boolean;
}

/** distribution-spec registries need one (to where blobs are kept), some two. */
export const mostRedirects = 3;

/** 300, 304 and the rest name no other place that a read should go to. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * Where `Location` leads: https only, except on the very origin of a registry that is plain HTTP by configuration (H2, H10). No credential goes along once
 * origin or repository changes, and none ever comes back: `from` that is outside makes every later hop one that is outside.
 */
export function nextHop(location: string | undefined, from: Hop, request: RegistryRequest): Hop {
  const host = hostOf(request.access.origin);
  if (location === undefined || location === "") throw failed("ProtocolError", host, "a redirect names no Location");
  if (location.length > 8192 || !/^[\x21-\x7e]+$/.test(location) || location.includes("\\"))
    throw failed("UnsafeEndpoint", host, "the Location of a redirect has characters that no URL has");
  const url = URL.parse(location, `${from.origin}${from.path}`);
  if (url === null) throw failed("ProtocolError", host, "the Location of a redirect is not a URL");
  if (url.username !== "" || url.password !== "") throw failed("UnsafeEndpoint", host, `a redirect to "${url.host}" has a user in it`);
  const isSameOrigin = url.origin === request.access.origin;
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isSameOrigin))
    throw failed("UnsafeEndpoint", host, `a redirect leads to "${url.host}" in plain http`);
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    isInside: from.isInside && isSameOrigin && url.pathname.startsWith(repositoryPrefix(request)),
  };
}
