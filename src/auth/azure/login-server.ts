import { leftOfSuffix } from "../../keychain/cloud-host.ts";
import type { MintTarget } from "../../keychain/minted-provider.ts";
import type { Repository } from "../../oci/repository.ts";

/** A registry of Azure; `key` is its login server. */
export type LoginServer = MintTarget;

/** `acme`, or with a domain name label `acme-a1b2c3`; regional: `acme.westeurope.geo`. A data endpoint (`acme.westeurope.data`) is asked by redirect only. */
const ownName = /^[a-z0-9]{5,50}(-[a-z0-9]{1,32})?([.][a-z0-9]{3,40}[.]geo)?$/;

/**
 * Azure's own check of a host, whatever the patterns of the object say: a login server below the cloud's suffix, or any name below one that an administrator
 * vouches for. Anchored at both ends, without a port (CVE-2025-27403).
 */
export function loginServer(
  repository: Pick<Repository, "host" | "port">,
  { registrySuffix, trustedHostSuffixes }: { readonly registrySuffix: string; readonly trustedHostSuffixes: readonly string[] },
): LoginServer | undefined {
  const name = leftOfSuffix(repository, [registrySuffix]);
  const isOwn = name !== undefined && ownName.test(name);
  return isOwn || leftOfSuffix(repository, trustedHostSuffixes) !== undefined ? { key: repository.host } : undefined;
}
