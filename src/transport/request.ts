import type { ErrorClass } from "../api/error-class.ts";
import { InvariantError } from "../kernel/error.ts";
import type { BoundCredential } from "../oci/credential.ts";
import { failed } from "./transport-error.ts";
import type { Reach } from "./address.ts";
import type { Route } from "./pools.ts";

/** With what, and where, one repository is asked; `keychain/` fills most of it (`Resolved` has this shape). */
export interface Access {
  /** `https://host[:port]`, or `http://…` for a host that is plain HTTP by configuration. The only place that a request is built from. */
  readonly origin: string;
  /** Tried in this order on 401 and 403, three at most; empty: anonymous. */
  readonly credentials: readonly BoundCredential[];
  /** After a refusal: the credential to try in the place of `refused`, once; undefined where there is none. */
  readonly renew?: (refused: BoundCredential, signal: AbortSignal) => Promise<BoundCredential | undefined>;
  /** Token services on other hosts that are declared for this registry, canonical `host[:port]`. */
  readonly tokenHosts: readonly string[];
  /** Equal exactly if the same secrets would be sent. */
  readonly identity: string;
  /** Ends the message of a refusal when nothing was sent: `sent without a credential: …`. Read only then: it may be a getter that has to search. */
  readonly note?: string | undefined;
  /** `registry`: an administrator's manifest names this host, so that it may live in a private network. */
  readonly reach: Reach;
  /** Namespace of the Store that asks; absent: cluster-scoped. Nothing that is remembered or used for one is for another. */
  readonly tenant?: string;
  /** PEM bundle that is trusted beside the system's roots, for this origin only. */
  readonly caPem?: string;
}

/** The connections to the registry's own origin: its network and its roots of trust are for nothing else (H9, H11). */
export function ownRoute({ reach, tenant, caPem }: Access): Route {
  return { reach, ...(tenant !== undefined && { tenant }), ...(caPem !== undefined && { caPem }) };
}

/** To where a registry sends us, and nobody has configured it. */
export function foreignRoute({ tenant }: Access): Route {
  return tenant === undefined ? { reach: "public" } : { reach: "tenant", tenant };
}

/** A read below `/v2/`, as parts: a URL is made of them in one place, and nobody hands one in (registry-auth.md H1). */
export interface RegistryRequest {
  readonly access: Access;
  readonly method: "GET" | "HEAD";
  /** Path segments of the repository; empty with an empty `resource`: exactly `/v2/`. */
  readonly repository: readonly string[];
  /** What follows: `["manifests", "sha256:…"]`, `["tags", "list"]`. */
  readonly resource: readonly string[];
  /** Without `?`. */
  readonly query?: string;
  readonly accept?: readonly string[];
  /** Longest body, in bytes. */
  readonly limitBytes: number;
  /** Class of a body that is longer; default LimitExceeded. */
  readonly tooLong?: ErrorClass;
  /** Statuses beside 2xx and 404 that are answers to this request. */
  readonly answers?: readonly number[];
}

/** 2xx, 404 and what the request names are answers; every other status is thrown as a TransportError. */
export interface RegistryResponse {
  readonly status: number;
  /** Lower-case names; the first value of each. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** Of a 404: the codes of the distribution-spec error body (`NAME_UNKNOWN`, …), eight at most. */
  readonly errorCodes: readonly string[];
  /** `identity` of the credential that it was answered to, or `anonymous`. */
  readonly sentAs: string;
  /** Of the request that was answered, redirects included, token exchanges not. */
  readonly latencyMs: number;
  /** The page that `Link: rel="next"` names, already checked (H8). */
  readonly next?: RegistryRequest;
}

/** One segment of a path: names, tags and digests need no more; no `%`, nothing empty, neither `.` nor `..` (CVE-2024-3727). */
const segmentShape = /^(?!\.{1,2}$)[A-Za-z0-9._:+-]{1,255}$/;
const queryShape = /^[A-Za-z0-9._~:/%&=+,@*;-]{0,2048}$/;

/** `/v2/<repository>/`, or `/v2/`: below it a request, its pages and its redirects may carry the credential. */
export function repositoryPrefix(request: Pick<RegistryRequest, "repository">): string {
  return request.repository.length === 0 ? "/v2/" : `/v2/${request.repository.join("/")}/`;
}

/** Path and query of a request. */
export function requestPath(request: RegistryRequest): string {
  const { repository, resource, query } = request;
  if ((repository.length === 0) !== (resource.length === 0))
    throw new InvariantError("A request names a repository and a resource in it, or neither");
  if (![...repository, ...resource].every((segment) => segmentShape.test(segment)))
    throw new InvariantError("A segment of a request's path is not safe");
  if (query !== undefined && !queryShape.test(query)) throw new InvariantError("The query of a request is not safe");
  return `${repositoryPrefix(request)}${resource.join("/")}${query === undefined || query === "" ? "" : `?${query}`}`;
}

/** `host[:port]` of a request, for messages. */
export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf("://") + 3);
}

/**
 * The request that `Link: …; rel="next"` asks for: same origin, same repository, else UnsafeEndpoint (H8); absent where there is no next page.
 * `current` is the URL that was answered.
 */
export function nextPage(request: RegistryRequest, link: string | undefined, current: URL): RegistryRequest | undefined {
  const target = link === undefined ? undefined : nextTarget(link);
  if (target === undefined) return undefined;
  const host = hostOf(request.access.origin);
  const url = /^[\x21-\x7e]{0,4096}$/.test(target) && !target.includes("\\") ? URL.parse(target, current) : null;
  if (url === null) throw failed("ProtocolError", host, "the Link to the next page is not a URL");
  if (url.origin !== request.access.origin || url.username !== "" || url.password !== "")
    throw failed("UnsafeEndpoint", host, `the Link to the next page leads to another origin, "${url.host}"`);
  const prefix = repositoryPrefix(request);
  if (!url.pathname.startsWith(prefix)) throw failed("UnsafeEndpoint", host, "the Link to the next page leads out of the repository");
  const resource = url.pathname.slice(prefix.length).split("/");
  const query = url.search.slice(1);
  if (!resource.every((segment) => segmentShape.test(segment)) || !queryShape.test(query))
    throw failed("ProtocolError", host, "the Link to the next page has characters that no page needs");
  return { ...request, resource, query };
}

/** RFC 8288 §3: the target of the first link whose `rel` has `next`. */
function nextTarget(header: string): string | undefined {
  for (const match of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(match[2] ?? "");
    const words = (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/);
    if (words.includes("next")) return match[1];
  }
  return undefined;
}
