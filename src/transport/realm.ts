import type { Challenge } from "./challenge.ts";
import { type Access, hostOf } from "./request.ts";
import { failed } from "./transport-error.ts";

/** What a registry wants, once checked. */
export type AuthScheme = { readonly kind: "basic" } | BearerScheme;
export interface BearerScheme {
  readonly kind: "bearer";
  /** The token service, query included: checked by {@link parseScheme}. */
  readonly realm: URL;
  readonly service: string | undefined;
  /** The realm lives on the registry's own origin: its roots of trust and its network are the registry's. */
  readonly sameOrigin: boolean;
  /** Declared by the AuthProvider, so that it may live in a private network; a pair that is built in may not. */
  readonly declared: boolean;
}

/** The only public registries whose token service has another host (devcontainers/cli #1278): pairs, for a list of hosts alone is a confused deputy. */
const builtInPairs: ReadonlyMap<string, string> = new Map([
  ["docker.io", "auth.docker.io"],
  ["index.docker.io", "auth.docker.io"],
  ["registry-1.docker.io", "auth.docker.io"],
  ["registry.gitlab.com", "gitlab.com"],
]);
/**
 * Alibaba's Container Registry, by the hosts of instances and by those of all customers of a region, whose token service is the region's own, of the same operator: a pair for each region, and not one for all.
 * In a VPC both have other names, in a private network, and nothing is built in.
 */
const alibabaRegistries = [
  /^[a-z0-9](?:[-a-z0-9]{0,40}[a-z0-9])?-registry(?:-intl)?[.]([a-z]{2}(?:-[a-z0-9]{1,20}){1,4})[.]cr[.]aliyuncs[.]com$/,
  /^registry(?:-intl)?[.]([a-z]{2}(?:-[a-z0-9]{1,20}){1,4})[.]aliyuncs[.]com$/,
];
/** Longest realm and service that are believed, in characters. */
const longestValue = 2048;

/**
 * What the challenges of the registry's own origin ask for: Bearer before Basic, absent where neither is offered.
 * A realm outside the rules of H5 is UnsafeEndpoint, also where Basic is offered beside it: whoever sends such a realm is not to be trusted with a password.
 */
export function parseScheme(challenges: readonly Challenge[], access: Access): AuthScheme | undefined {
  const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
  if (bearer !== undefined) return parseBearer(bearer, access);
  return challenges.some((challenge) => challenge.scheme === "basic") ? { kind: "basic" } : undefined;
}

/** The token service that a credential names on its own origin, whatever a challenge says: its realm and its service are not the registry's to choose. */
export function ownTokenService(access: Access, path: string): BearerScheme {
  const realm = new URL(path, access.origin);
  return { kind: "bearer", realm, service: realm.host, sameOrigin: true, declared: false };
}

/** Equal schemes lead to equal requests: a second 401 that repeats the first says nothing new. */
export function sameScheme(a: AuthScheme | undefined, b: AuthScheme | undefined): boolean {
  if (a?.kind !== "bearer" || b?.kind !== "bearer") return a?.kind === b?.kind;
  return a.realm.href === b.realm.href && a.service === b.service;
}

function parseBearer(challenge: Challenge, access: Access): BearerScheme {
  const host = hostOf(access.origin);
  const text = challenge.params.get("realm") ?? "";
  const service = challenge.params.get("service");
  if (text === "") throw failed("ProtocolError", host, "the Bearer challenge names no token service (realm)");
  if (text.length > longestValue || (service?.length ?? 0) > longestValue)
    throw failed("ProtocolError", host, "the Bearer challenge is too long");
  // Nothing that URL parsers remove, decode or read as another character (registry-auth.md 1.4).
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes("\\"))
    throw failed("UnsafeEndpoint", host, "the URL of the token service has characters that no URL has");
  if (service !== undefined && !/^[\x20-\x7e]*$/.test(service))
    throw failed("ProtocolError", host, "the service of the Bearer challenge has characters that no name has");
  if (!/^https?:\/\/[^/]/i.test(text)) throw failed("UnsafeEndpoint", host, "the URL of the token service is not an absolute one in https");
  const realm = URL.parse(text);
  if (realm === null) throw failed("UnsafeEndpoint", host, "the URL of the token service is not an absolute one in https");
  return { kind: "bearer", realm, service, ...checkRealm(realm, access) };
}

function checkRealm(realm: URL, access: Access): { readonly sameOrigin: boolean; readonly declared: boolean } {
  const host = hostOf(access.origin);
  if (realm.protocol !== "https:" && !access.origin.startsWith("http://"))
    throw failed("UnsafeEndpoint", host, `the token service at "${realm.host}" is asked in plain http`);
  if (realm.username !== "" || realm.password !== "" || realm.hash !== "")
    throw failed("UnsafeEndpoint", host, `the URL of the token service at "${realm.host}" has a user or a fragment`);
  if (realm.origin === access.origin) return { sameOrigin: true, declared: false };
  // Declared names are canonical: no port is 443, so that a realm in plain http has to be declared with its port.
  const name = realm.protocol === "http:" && realm.port === "" ? `${realm.hostname}:80` : realm.host;
  if (access.tokenHosts.includes(name)) return { sameOrigin: false, declared: true };
  if (realm.protocol === "https:" && isBuiltIn(host, name)) return { sameOrigin: false, declared: false };
  throw failed(
    "UnsafeEndpoint",
    host,
    `the token service is on another host, "${realm.host}", which tokenHosts does not declare for this registry`,
  );
}

function isBuiltIn(host: string, tokenHost: string): boolean {
  const region = alibabaRegistries.map((registry) => registry.exec(host)?.[1]).find((found) => found !== undefined);
  if (region === undefined) return builtInPairs.get(host) === tokenHost;
  // The last is the only region whose name stands otherwise in it.
  return (
    tokenHost === `dockerauth.${region}.aliyuncs.com` ||
    tokenHost === `dockerauth-ee.${region}.aliyuncs.com` ||
    (region === "cn-zhangjiakou" && tokenHost === "dockerauth-cn-zhangjiakou.aliyuncs.com")
  );
}
