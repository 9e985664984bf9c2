/**
 * The canonical key of a repository: parsed once, it selects the credential *and* builds the request URL (design 3).
 * `host` is lower-case, Docker Hub is always `docker.io`, `:443` is no port, `segments` is not empty.
 */
export interface Repository {
  readonly host: string;
  readonly port: number | undefined;
  readonly segments: readonly string[];
}

/** `host[:port]`, as it is printed and compared; `docker.io` for Docker Hub. */
export function registryOf(repository: Pick<Repository, "host" | "port">): string {
  return repository.port === undefined ? repository.host : `${repository.host}:${repository.port}`;
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
  return repository.host === "docker.io" && repository.port === undefined ? "registry-1.docker.io" : registryOf(repository);
}
