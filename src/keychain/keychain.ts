import { keyOfId } from "../api/object.ts";
import { echo } from "../oci/parsed.ts";
import type { BoundCredential, Credential } from "../oci/credential.ts";
import { apiAuthority, registryOf, type Repository } from "../oci/repository.ts";
import { absenceOf, candidatesFor, conflictMessage, nearestEntry, unmatchedMessage } from "./explain.ts";
import { type Candidate, CredentialUnavailableError, type Keychain, type Resolved, type Selection, type Unavailable } from "./ports.ts";
import { type Entry, type KeychainProvider, ownedPatterns } from "./provider.ts";
import { PatternTrie, type Tie } from "./trie.ts";

export { type KeychainProvider, patternConflicts } from "./provider.ts";

export interface KeychainOptions {
  /** The providers that the Store may use; names are unique. */
  readonly providers: readonly KeychainProvider[];
  /** What a repository gets that no pattern matches. */
  readonly unmatched: "Anonymous" | "Deny";
  /**
   * Names in `authProviderRefs` without an object. Nobody knows what their patterns would be: a repository that nothing else matches may be theirs, and
   * answers CredentialUnavailable(ProviderNotFound) instead of `unmatched`.
   */
  readonly missingRefs?: readonly string[];
  /** Of the Store; absent: cluster-scoped. What is missing there may exist and not be for this namespace. */
  readonly namespace?: string;
}

/** As the kubelet does: more secrets than this for one origin look like guessing, and lock accounts. */
const mostCredentials = 3;
/** Identity of every answer without a secret, whoever gave it. */
const anonymous = "anonymous";

/** The keychain of one view; immutable, and it remembers nothing of what it is asked. */
export function createKeychain(options: KeychainOptions): ViewKeychain {
  return new ViewKeychain(options);
}

export class ViewKeychain implements Keychain {
  readonly #options: KeychainOptions;
  readonly #owned: ReadonlyMap<string, Entry>;
  readonly #trie: PatternTrie<Entry>;

  constructor(options: KeychainOptions) {
    this.#options = options;
    this.#owned = ownedPatterns(options.providers);
    this.#trie = new PatternTrie(this.#owned.values());
  }

  /** The entry that answers, several where providers differ on equal rank, or none. The hot path: nothing is allocated for a literal host. */
  find(repository: Repository): Entry | Tie<Entry> | undefined {
    const found = this.#trie.find(repository);
    if (found === undefined || !("tied" in found)) return found;
    const tied = found.tied.toSorted((a, b) => (a.pattern.text < b.pattern.text ? -1 : 1));
    const [first] = tied;
    // Two patterns of one object: whichever it is, the same provider answers.
    return first !== undefined && tied.every((entry) => entry.provider === first.provider) ? first : { tied };
  }

  select(repository: Repository): Selection {
    const found = this.find(repository);
    if (found === undefined) return this.#selectNone(repository);
    const winners = "tied" in found ? found.tied : [found];
    const candidates = (): readonly Candidate[] => this.#candidates(repository, winners);
    if ("tied" in found) {
      return {
        outcome: "PatternConflict",
        reason: "PatternConflict",
        message: conflictMessage(found.tied, repository),
        get candidates() {
          return candidates();
        },
      };
    }
    const chosen = { provider: found.provider.name, pattern: found.pattern.text };
    const problem = found.provider.invalid ?? found.provider.provider.unavailable?.(repository);
    if (problem === undefined) {
      return {
        outcome: "Selected",
        ...chosen,
        get candidates() {
          return candidates();
        },
      };
    }
    return {
      outcome: "CredentialUnavailable",
      ...problem,
      ...chosen,
      get candidates() {
        return candidates();
      },
    };
  }

  origin(repository: Repository): string {
    const found = this.find(repository);
    const isPlain = found !== undefined && !("tied" in found) && isPlainHTTP(found.provider, repository);
    return originOf(repository, isPlain ? "http" : "https");
  }

  async resolve(repository: Repository, signal: AbortSignal): Promise<Resolved> {
    const found = this.find(repository);
    if (found === undefined) return this.#resolveNone(repository);
    if ("tied" in found) throw new CredentialUnavailableError("PatternConflict", conflictMessage(found.tied, repository));
    const { provider } = found;
    if (provider.invalid !== undefined) throw new CredentialUnavailableError(provider.invalid.reason, provider.invalid.message);
    const registry = registryOf(repository);
    const plain = isPlainHTTP(provider, repository);
    const origin = originOf(repository, plain ? "http" : "https");
    const credentials = (await provider.provider.credentials(repository, signal)).slice(0, mostCredentials);
    if (plain && credentials.length > 0 && !provider.allowCredentialsOverHTTP) {
      throw new CredentialUnavailableError(
        "PlainHTTPNotAllowed",
        `${keyOfId("AuthProvider", echo(provider.name))} names ${echo(registry)} in plainHTTPHosts without allowCredentialsOverHTTP`,
      );
    }
    const bound = credentials.map((credential) => bind(credential, found, origin));
    const renew = provider.provider.renew?.bind(provider.provider);
    return {
      origin,
      credentials: bound,
      ...(renew !== undefined && {
        renew: async (refused, renewSignal) => {
          const fresh = await renew(repository, refused.revision, renewSignal);
          return fresh === undefined ? undefined : bind(fresh, found, origin);
        },
      }),
      tokenHosts: provider.tokenHosts.flatMap((pair) => (pair.registry === registry ? [pair.tokenHost] : [])),
      provider: provider.name,
      identity: bound.length === 0 ? anonymous : bound.map((credential) => credential.identity).join(","),
    };
  }

  #selectNone(repository: Repository): Selection {
    const candidates = (): readonly Candidate[] => this.#candidates(repository, []);
    const nearest = (): Entry | undefined => this.#nearest(repository);
    const missing = this.#missing(repository);
    if (missing !== undefined) {
      return {
        outcome: "CredentialUnavailable",
        ...missing,
        get candidates() {
          return candidates();
        },
      };
    }
    return {
      outcome: this.#options.unmatched === "Deny" ? "Denied" : "Anonymous",
      get nearest() {
        const entry = nearest();
        return entry === undefined ? undefined : { provider: entry.provider.name, pattern: entry.pattern.text };
      },
      get candidates() {
        return candidates();
      },
    };
  }

  #resolveNone(repository: Repository): Resolved {
    const missing = this.#missing(repository);
    if (missing !== undefined) throw new CredentialUnavailableError(missing.reason, missing.message);
    const unmatched = (): string => unmatchedMessage(repository, this.#nearest(repository));
    if (this.#options.unmatched === "Deny") {
      throw new CredentialUnavailableError("HostNotAllowed", `unmatched is Deny and ${unmatched()}`);
    }
    return {
      origin: originOf(repository, "https"),
      credentials: [],
      tokenHosts: [],
      identity: anonymous,
      // Needed only where the request is refused: finding the nearest pattern costs more than finding that there is none.
      get note() {
        return `sent without a credential: ${unmatched()}`;
      },
    };
  }

  #missing(repository: Repository): Unavailable | undefined {
    const [name, ...others] = this.#options.missingRefs ?? [];
    if (name === undefined) return undefined;
    return {
      reason: "ProviderNotFound",
      message: `${absenceOf([name, ...others], this.#options.namespace)}, and no other that the Store names matches ${echo(registryOf(repository))}`,
    };
  }

  #candidates(repository: Repository, winners: readonly Entry[]): readonly Candidate[] {
    return candidatesFor(repository, { providers: this.#options.providers, owned: this.#owned, winners });
  }

  #nearest(repository: Repository): Entry | undefined {
    return nearestEntry(repository, this.#owned.values());
  }
}

/** A credential with the only place where it may be sent. */
function bind(credential: Credential, { provider, pattern }: Entry, origin: string): BoundCredential {
  return {
    ...credential,
    origin,
    pathPrefixes: [`/v2/${pattern.segments.map((segment) => `${segment}/`).join("")}`],
    provider: provider.name,
    identity: `${provider.uid}/${provider.revision}/${credential.revision}`,
  };
}

function isPlainHTTP({ plainHTTPHosts }: Entry["provider"], repository: Repository): boolean {
  return plainHTTPHosts.includes(registryOf(repository));
}

/** Where requests for `repository` go; an origin never names its scheme's own port (RFC 6454 §6.2). */
function originOf(repository: Repository, scheme: "http" | "https"): string {
  const authority = apiAuthority(scheme === "http" && repository.port === 80 ? { host: repository.host, port: undefined } : repository);
  return `${scheme}://${authority}`;
}
