import type { MintTarget, Minted, Minter } from "../../keychain/minted-provider.ts";
import type { AuthProviderDeps, Unavailable } from "../../keychain/ports.ts";
import { Renewals } from "../../keychain/renewals.ts";
import type { AzureCloud } from "./clouds.ts";
import type { EntraToken } from "./entra.ts";
import { exchangeAtRegistry, type TokenRefused } from "./exchange.ts";
import { loginServer } from "./login-server.ts";

/** An identity in one tenant, and the registries that it may be shown to. */
export interface AzureIdentity {
  /** For sentences, and the status: a client id. */
  readonly identity: string;
  readonly tenantID: string;
  readonly cloud: AzureCloud;
  readonly trustedHostSuffixes: readonly string[];
  readonly problem: Unavailable | undefined;
  /** @throws CredentialUnavailableError */
  fetchToken(signal: AbortSignal): Promise<EntraToken>;
}

/** One token of Microsoft Entra ID for all registries, and for each login server the refresh token that it gives for it. */
export function azureMinter(azure: AzureIdentity, deps: Pick<AuthProviderDeps, "clock" | "random" | "cloud">): Minter<MintTarget> {
  const { identity, tenantID, cloud, trustedHostSuffixes, problem } = azure;
  const { registrySuffix } = cloud;
  const tokens = new Renewals<EntraToken>({ clock: deps.clock, random: deps.random, max: 1 });
  const fetch = (signal: AbortSignal): Promise<EntraToken> => azure.fetchToken(signal);
  const exchange = ({ key }: MintTarget, { token }: EntraToken, signal: AbortSignal): Promise<Minted | TokenRefused> =>
    exchangeAtRegistry({ loginServer: key, tenantID, token, identity }, { http: deps.cloud.http, clock: deps.clock }, signal);
  return {
    cloud: "Azure Container Registry",
    identity,
    target: (repository) => loginServer(repository, { registrySuffix, trustedHostSuffixes }),
    mint: async (target, signal) => {
      const token = await tokens.get(tenantID, fetch, signal);
      const first = await exchange(target, token, signal);
      if (!("refused" in first)) return first;
      // It may only be too old, or of before the identity's keys were replaced.
      const fresh = await tokens.renew(tenantID, { isRefused: (value) => value === token, fetch }, signal);
      const second = fresh === undefined || fresh === token ? first : await exchange(target, fresh, signal);
      if ("refused" in second) throw second.refused;
      return second;
    },
    ...(problem !== undefined && { problem }),
  };
}
