import { LRUCache } from "lru-cache";
import type { AuthScheme } from "./realm.ts";
import type { Access, RegistryRequest } from "./request.ts";
import { rootsKey } from "./roots.ts";

/** What a registry is known to want; `none`: it was asked without a credential and wanted nothing. */
export type KnownScheme = AuthScheme | { readonly kind: "none" };

/** An entry is a few hundred bytes. */
const mostEntries = 8192;

/**
 * What registries asked for when they were last asked, so that later requests need no 401 first. By repository, and of its origin where a repository is
 * new: some registries have one token service for each. Also: which of several credentials a repository took.
 */
export class Schemes {
  readonly #schemes = new LRUCache<string, KnownScheme>({ max: mostEntries });
  readonly #accepted = new LRUCache<string, string>({ max: mostEntries });

  get(request: RegistryRequest): KnownScheme | undefined {
    const { access, repository } = request;
    return this.#schemes.get(schemeKey(access, repository)) ?? this.#schemes.get(schemeKey(access, []));
  }

  set(request: RegistryRequest, scheme: KnownScheme): void {
    this.#schemes.set(schemeKey(request.access, request.repository), scheme);
    const ofOrigin = schemeKey(request.access, []);
    if (scheme.kind !== "none" && (this.#schemes.get(ofOrigin)?.kind ?? "none") === "none") this.#schemes.set(ofOrigin, scheme);
  }

  /** Identity of the credential that this repository took last. */
  accepted(request: RegistryRequest): string | undefined {
    return this.#accepted.get(acceptedKey(request));
  }

  accept(request: RegistryRequest, sentAs: string): void {
    if (request.access.credentials.length > 1) this.#accepted.set(acceptedKey(request), sentAs);
  }

  /** None of them was taken: the next time they are tried in their own order again. */
  forgetAccepted(request: RegistryRequest): void {
    this.#accepted.delete(acceptedKey(request));
  }
}

/** With what makes a realm acceptable, so that one Store's declarations do not count for another; and its roots, for who is answered by whom. */
function schemeKey({ origin, tokenHosts, caPem }: Access, repository: readonly string[]): string {
  return JSON.stringify([origin, repository.join("/"), tokenHosts.toSorted(), rootsKey(caPem)]);
}

function acceptedKey({ access, repository }: RegistryRequest): string {
  return JSON.stringify([access.origin, repository.join("/"), access.identity]);
}
