import { FairCache } from "../kernel/fair-cache.ts";
import type { AuthScheme } from "./realm.ts";
import type { Access, RegistryRequest } from "./request.ts";
import { rootsKey } from "./roots.ts";

/** What a registry is known to want; `none`: it was asked without a credential and wanted nothing. */
export type KnownScheme = AuthScheme | { readonly kind: "none" };

/** An entry is a few hundred bytes. */
const mostEntries = 8192;
/** Of the cluster's own, and once more of all namespaces together. */
const bounds = { max: mostEntries, maxSize: mostEntries, sizeOf: () => 1 };

/**
 * What registries asked for when they were last asked, so that later requests need no 401 first. By repository, and of its origin where a repository is
 * new: some registries have one token service for each. Also: which of several credentials a repository took.
 */
export class Schemes {
  readonly #schemes = { cluster: new FairCache<KnownScheme>(bounds), tenants: new FairCache<KnownScheme>(bounds) };
  readonly #accepted = { cluster: new FairCache<string>(bounds), tenants: new FairCache<string>(bounds) };

  get(request: RegistryRequest): KnownScheme | undefined {
    const { access, repository } = request;
    const schemes = this.#schemes[classOf(access)];
    return schemes.get(schemeKey(access, repository)) ?? schemes.get(schemeKey(access, []));
  }

  set(request: RegistryRequest, scheme: KnownScheme): void {
    const { access, repository } = request;
    const schemes = this.#schemes[classOf(access)];
    schemes.set(schemeKey(access, repository), scheme, access.tenant ?? "");
    const ofOrigin = schemeKey(access, []);
    if (scheme.kind !== "none" && (schemes.get(ofOrigin)?.kind ?? "none") === "none") schemes.set(ofOrigin, scheme, access.tenant ?? "");
  }

  /** Identity of the credential that this repository took last. */
  accepted(request: RegistryRequest): string | undefined {
    return this.#accepted[classOf(request.access)].get(acceptedKey(request));
  }

  accept(request: RegistryRequest, sentAs: string): void {
    const { access } = request;
    if (access.credentials.length > 1) this.#accepted[classOf(access)].set(acceptedKey(request), sentAs, access.tenant ?? "");
  }

  /** None of them was taken: the next time they are tried in their own order again. */
  forgetAccepted(request: RegistryRequest): void {
    this.#accepted[classOf(request.access)].delete(acceptedKey(request));
  }
}

function classOf({ tenant }: Access): "cluster" | "tenants" {
  return tenant === undefined ? "cluster" : "tenants";
}

/** With what makes a realm acceptable, so that one Store's declarations do not count for another; and its roots, for who is answered by whom. */
function schemeKey({ origin, tenant, tokenHosts, caPem }: Access, repository: readonly string[]): string {
  return JSON.stringify([tenant ?? "", origin, repository.join("/"), tokenHosts.toSorted(), rootsKey(caPem)]);
}

function acceptedKey({ access, repository }: RegistryRequest): string {
  return JSON.stringify([access.tenant ?? "", access.origin, repository.join("/"), access.identity]);
}
