import { parseHost } from "./host.ts";
import { accept, type Parsed, refuse } from "./parsed.ts";
import { parsePath, refuseCharacters } from "./syntax.ts";

/**
 * The canonical key of a repository: parsed once, it selects the credential *and* builds the request URL (design 3).
 * `host` is lower-case, Docker Hub is always `docker.io`, `:443` is no port, an IPv6 address stands in brackets, `segments` is not empty.
 */
export interface Repository {
  readonly host: string;
  readonly port: number | undefined;
  readonly segments: readonly string[];
}

/**
 * `host[:port]/segment…` as a manifest names one (`evidenceRepository`, `rewrite[].to`): the host is written out, nothing is expanded with
 * `library/`, and neither tag nor digest is allowed.
 */
export function parseRepository(text: string): Parsed<Repository> {
  const refused = refuseCharacters(text);
  if (refused !== undefined) return refused;
  if (text.includes("@")) return refuse("Userinfo", text, 'has "@" in it; a repository has neither a user nor a digest');
  const slash = text.indexOf("/");
  const name = slash < 0 ? text : text.slice(0, slash);
  if (!isHostLike(name)) return refuse("NotARepository", text, "does not begin with a registry host");
  const host = parseHost(name, text);
  if (!host.ok) return host;
  if (slash < 0 || slash === text.length - 1) return refuse("NotARepository", text, "names a registry and no repository in it");
  const segments = parsePath(text.slice(slash + 1), text);
  if (!segments.ok) return segments;
  return accept({ host: host.value.host, port: host.value.port, segments: segments.value });
}

/** An exact `host[:port]` in canonical form, such as `plainHTTPHosts` and `tokenHosts` hold. */
export function parseRegistryHost(text: string): Parsed<Pick<Repository, "host" | "port">> {
  const refused = refuseCharacters(text);
  if (refused !== undefined) return refused;
  if (text.includes("@")) return refuse("Userinfo", text, 'has "@" in it; a host has no user');
  if (text.includes("/")) return refuse("NotAHost", text, 'has a path; write "host" or "host:port"');
  if (text.includes("*")) return refuse("NotAHost", text, 'has "*" in it; an exact host is needed here');
  if (!isHostLike(text)) return refuse("NotAHost", text, 'is not a registry host: it has neither "." nor ":" and is not "localhost"');
  const parsed = parseHost(text, text);
  return parsed.ok ? accept({ host: parsed.value.host, port: parsed.value.port }) : parsed;
}

/** What tells a registry host from the first word of a path: a `.`, a `:`, or the name `localhost`. */
export function isHostLike(name: string): boolean {
  return name.includes(".") || name.includes(":") || name.toLowerCase() === "localhost";
}

/**
 * `host[:port]`, as it is printed and compared; `docker.io` for Docker Hub. A host of one label keeps its `:443`, without which the text would
 * read as a path on Docker Hub.
 */
export function registryOf(repository: Pick<Repository, "host" | "port">): string {
  const { host, port } = repository;
  if (port !== undefined) return `${host}:${port}`;
  return isHostLike(host) ? host : `${host}:443`;
}

/** `host[:port]/path`: canonical text, equal exactly if the repositories are. */
export function printRepository(repository: Repository): string {
  return `${registryOf(repository)}/${repository.segments.join("/")}`;
}

/** The path within the registry, as it stands in `/v2/<path>/…`. */
export function repositoryPath(repository: Repository): string {
  return repository.segments.join("/");
}

/** The `host[:port]` that requests go to: Docker Hub's API lives at `registry-1.docker.io` under its one canonical name. */
export function apiAuthority(repository: Pick<Repository, "host" | "port">): string {
  const { host, port } = repository;
  if (port !== undefined) return `${host}:${port}`;
  return host === "docker.io" ? "registry-1.docker.io" : host;
}
