import { createKeychain, type KeychainProvider } from "../../../src/keychain/keychain.ts";
import type { AuthProvider } from "../../../src/keychain/ports.ts";
import type { RegistryResponse } from "../../../src/transport/request.ts";
import { TransportError } from "../../../src/transport/transport-error.ts";
import { pattern } from "../../oci/support.ts";
import { type CloudScene, repositoryOf } from "./deps.ts";

/** Reads a manifest as a Store does: by the keychain's choice, with the real transport. Status, or class and message. */
export async function pull(
  { transport }: Pick<CloudScene, "transport">,
  { provider, registries, name }: { readonly provider: AuthProvider; readonly registries: readonly string[]; readonly name: string },
): Promise<string> {
  const { signal } = new AbortController();
  const repository = repositoryOf(name);
  const keychain = createKeychain({
    unmatched: "Deny",
    providers: [entry("acme", registries, provider)],
  });
  try {
    const access = { ...(await keychain.resolve(repository, signal)), reach: "registry" as const };
    const request = {
      access,
      method: "GET",
      repository: repository.segments,
      resource: ["manifests", "latest"],
      limitBytes: 65_536,
    } as const;
    const response: RegistryResponse = await transport.send(request, signal);
    return String(response.status);
  } catch (error) {
    if (error instanceof TransportError) return `${error.class}: ${error.message}`;
    throw error;
  }
}

/** A provider as a keychain sees it, without more than its registries. */
export function entry(name: string, registries: readonly string[], provider: AuthProvider): KeychainProvider {
  return {
    name,
    uid: `uid-${name}`,
    creationTime: 0,
    revision: "1",
    patterns: registries.map(pattern),
    tokenHosts: [],
    plainHTTPHosts: [],
    allowCredentialsOverHTTP: false,
    provider,
  };
}
