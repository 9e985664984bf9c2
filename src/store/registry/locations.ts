import type { RegistryStoreConfig } from "../../api/store.ts";
import { matchesPattern, matchesScope, type Scope } from "../../oci/pattern.ts";
import { printRepository, registryOf, type Repository } from "../../oci/repository.ts";

/** Where requests for an image go. */
export interface Target {
  readonly repository: Repository;
  /** A manifest names this host (not just `"*"`, and not just the image): it may live in a private network. */
  readonly isConfigured: boolean;
}

/** design 5: `endpoints[]` of a Store's status. */
const mostEndpoints = 32;

/** Pure: which repository is read for an image, by `rewrite` and `evidenceRepository`; scopes see the image's own name. */
export class Locations {
  readonly #config: RegistryStoreConfig;
  readonly #scopes: readonly Scope[];

  constructor(config: RegistryStoreConfig, scopes: readonly Scope[]) {
    this.#config = config;
    this.#scopes = scopes;
  }

  /** The image's own repository, after `rewrite`: the longest `from` wins. */
  image(repository: Repository): Target {
    const rewritten = rewrite(repository, this.#config);
    const isNamed = this.#scopes.some((scope) => scope.kind === "pattern" && matchesScope(scope, repository));
    return { repository: rewritten, isConfigured: isNamed || rewritten !== repository };
  }

  /** Where its referrers are listed. */
  evidence(repository: Repository): Target {
    const { evidenceRepository } = this.#config;
    return evidenceRepository === undefined ? this.image(repository) : { repository: evidenceRepository, isConfigured: true };
  }

  /** Evidence first, each once. */
  repositories(repository: Repository): readonly Repository[] {
    const evidence = this.evidence(repository).repository;
    const image = this.image(repository).repository;
    return printRepository(evidence) === printRepository(image) ? [evidence] : [evidence, image];
  }

  /** Hosts that are written out, sorted, 32 at most, each with what stands for its repositories when a credential is selected; the path may be empty. */
  endpoints(): ReadonlyMap<string, Repository> {
    const { evidenceRepository } = this.#config;
    const written = evidenceRepository === undefined ? this.#scopes.flatMap((scope) => this.#written(scope)) : [evidenceRepository];
    const found = new Map<string, Repository>();
    for (const repository of written) if (!found.has(registryOf(repository))) found.set(registryOf(repository), repository);
    return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, mostEndpoints));
  }

  #written(scope: Scope): readonly Repository[] {
    const literal = scope.kind === "pattern" && scope.pattern.wildcards === 0 ? [rewrite(hostOf(scope.pattern), this.#config)] : [];
    const targets = this.#config.rewrite.filter(({ from }) => matchesScope(scope, hostOf(from))).map(({ to }) => to);
    return [...literal, ...targets];
  }
}

/** A pattern without wildcards as the repository that it names. */
function hostOf(pattern: {
  readonly labels: readonly string[];
  readonly port: number | undefined;
  readonly segments: readonly string[];
}): Repository {
  return { host: pattern.labels.join("."), port: pattern.port, segments: pattern.segments };
}

function rewrite(repository: Repository, config: RegistryStoreConfig): Repository {
  const [best] = config.rewrite
    .filter(({ from }) => matchesPattern(from, repository))
    .toSorted((a, b) => b.from.segments.length - a.from.segments.length);
  if (best === undefined) return repository;
  const rest = repository.segments.slice(best.from.segments.length);
  return { host: best.to.host, port: best.to.port, segments: [...best.to.segments, ...rest] };
}
