import type { AlibabaAcrConfig } from "../../api/auth-alibaba.ts";
import { federatedProblem, type FederatedSource, federatedToken, nameOf } from "../../keychain/federated-token.ts";
import { type Minted, mintedProvider, type MintTarget } from "../../keychain/minted-provider.ts";
import type { AuthProvider, AuthProviderDeps, Unavailable } from "../../keychain/ports.ts";
import { Renewals } from "../../keychain/renewals.ts";
import { authorizationToken, RoleExpiredError } from "./authorization-token.ts";
import { type Located, locate, nameOfInstance } from "./hosts.ts";
import type { Assumed } from "./refusals.ts";
import { assumeRole } from "./role.ts";
import type { RoleCredentials } from "./signature.ts";

/** What RRSA's own tokens have. */
const audience = "sts.aliyuncs.com";

interface Target extends MintTarget, Located {}

/** Whose token it is, which role it is for, and what is wrong with that before anybody is asked. */
interface Identity {
  readonly source: FederatedSource;
  readonly assumed: Assumed;
  readonly problem?: Unavailable;
}

/**
 * `type: alibabaAcr`: a role that the token of a ServiceAccount may assume, and with it a temporary user and password for each instance. Two calls, by hand:
 * Alibaba's libraries take neither our HTTP client nor a signal, and have install scripts.
 */
export function alibabaAcrAuth(config: AlibabaAcrConfig, deps: AuthProviderDeps): AuthProvider {
  const { source, assumed, problem } = identityOf(config, deps);
  const { roleARN } = assumed;
  // One for all instances and regions.
  const roles = new Renewals<RoleCredentials>({ clock: deps.clock, random: deps.random });
  const suffix = (name: string, region: string): string =>
    config.endpoints === "VPC"
      ? `${name}-vpc.${region}.aliyuncs.com`
      : name === "sts"
        ? "sts.aliyuncs.com"
        : `${name}.${region}.aliyuncs.com`;
  const fetchRole = (region: string) => async (signal: AbortSignal) => {
    const token = await federatedToken(source, deps, signal);
    return await assumeRole({ assumed, token, host: suffix("sts", region) }, deps, signal);
  };
  const mint = async (target: Target, signal: AbortSignal): Promise<Minted> => {
    const { region } = target;
    const request = { instance: target, roleARN, host: suffix("cr", region) };
    const role = await roles.get("role", fetchRole(region), signal);
    try {
      return await authorizationToken({ ...request, role }, deps, signal);
    } catch (error) {
      if (!(error instanceof RoleExpiredError)) throw error;
      const fresh = await roles.renew("role", { isRefused: (value) => value === role, fetch: fetchRole(region) }, signal);
      if (fresh === undefined) throw error;
      return await authorizationToken({ ...request, role: fresh }, deps, signal);
    }
  };
  return mintedProvider<Target>(
    {
      cloud: "Alibaba Cloud Container Registry",
      registries: "the hosts in its instances",
      identity: roleARN,
      target: (repository) => {
        const located = locate(config.instances, repository);
        return located === undefined ? undefined : { key: nameOfInstance(located), ...located };
      },
      mint,
      ...(problem !== undefined && { problem }),
    },
    deps,
  );
}

function identityOf(config: AlibabaAcrConfig, deps: AuthProviderDeps): Identity {
  const { namespace, cloud } = deps;
  // A tenant has no part in what the environment of the operator's pod says; the schema wants it all written.
  const ambient = namespace === undefined ? cloud.ambient.alibaba : {};
  const { tokenFile } = ambient;
  const source: FederatedSource = {
    audience,
    ...(config.serviceAccountRef !== undefined
      ? { serviceAccount: config.serviceAccountRef.name }
      : tokenFile !== undefined && { file: { path: tokenFile, variable: "ALIBABA_CLOUD_OIDC_TOKEN_FILE" } }),
  };
  const roleARN = config.roleARN ?? ambient.roleARN;
  const oidcProviderARN = config.oidcProviderARN ?? ambient.oidcProviderARN;
  const whose = nameOf(source, namespace ?? cloud.tokens?.namespace);
  const problem = federatedProblem(source, deps) ?? missing({ roleARN, oidcProviderARN });
  return {
    source,
    assumed: { whose, roleARN: roleARN ?? "no role", oidcProviderARN: oidcProviderARN ?? "no provider", audience },
    ...(problem !== undefined && { problem }),
  };
}

function missing(fields: { readonly roleARN: string | undefined; readonly oidcProviderARN: string | undefined }): Unavailable | undefined {
  const absent = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (absent.length === 0) return undefined;
  const message = `The environment of the operator's pod names no role of Alibaba Cloud (RRSA): set ${absent.join(" and ")}`;
  return { reason: "IdentityNotFound", message };
}
