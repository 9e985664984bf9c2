import type { AwsEcrConfig } from "../../api/auth-aws.ts";
import type { AuthProvider, AuthProviderDeps } from "../../keychain/ports.ts";
import { type Minted, mintedProvider } from "../../keychain/minted-provider.ts";
import { Secret } from "../../kernel/secret.ts";
import { type Answer, ask, hermetic, misread, type Service } from "./ask.ts";
import { type EcrTarget, ecrTarget, partitionOf } from "./ecr-host.ts";
import { ecrRefusal, isStaleSession } from "./ecr-refusal.ts";
import { instanceRole } from "./instance-role.ts";
import { podIdentity } from "./pod-identity.ts";
import type { RoleSession, RoleSource } from "./role.ts";
import { Sessions } from "./sessions.ts";
import { webIdentity } from "./web-identity.ts";

/** Amazon gives its tokens for 12 hours; what claims to live longer is not believed, in ms. */
const longestLifeMs = 12 * 3_600_000;

interface RegistryToken {
  readonly token: string | undefined;
  readonly expiresAt: Date | undefined;
}

/** Amazon ECR: a session of a role, and with it one token for all registries of a region. Nothing is loaded or asked before the first credential is. */
export function awsEcrAuth(config: AwsEcrConfig, deps: AuthProviderDeps): AuthProvider {
  const source = sourceOf(config, deps);
  const sessions = new Sessions(source, deps);
  const own = source.partition ?? partitionOf(config.stsRegion ?? "")?.name;
  return mintedProvider<EcrTarget>(
    {
      cloud: own === undefined ? "Amazon ECR" : `Amazon ECR (${own})`,
      get identity() {
        return source.identity;
      },
      target: (repository) => {
        const target = ecrTarget(repository, config.trustedHostSuffixes);
        return target === undefined || (own !== undefined && target.partition !== own) ? undefined : target;
      },
      mint: async (target, signal) => {
        const service: Service = { name: target.key, host: target.apiHost };
        const session = await sessions.get(target, signal);
        let answer = await registryToken({ target, service, session }, deps, signal);
        if (!answer.ok && isStaleSession(answer.refusal)) {
          const fresh = await sessions.renew(target, session, signal);
          if (fresh !== undefined) answer = await registryToken({ target, service, session: fresh }, deps, signal);
        }
        if (!answer.ok) throw ecrRefusal(answer.refusal, { service, target, identity: source.identity });
        return toMinted(answer.value, service, deps.clock.now());
      },
      ...(source.problem !== undefined && { problem: source.problem }),
    },
    deps,
  );
}

/** What the object says, or else the first that the pod's environment has; a tenant has a ServiceAccount, and nothing of the operator's. */
function sourceOf(config: AwsEcrConfig, deps: AuthProviderDeps): RoleSource {
  const { tokenFile, roleARN, containerCredentialsURI } = deps.cloud.ambient.aws;
  if (deps.namespace !== undefined || config.serviceAccountRef !== undefined) return webIdentity(config, deps);
  switch (config.source) {
    case "WebIdentity":
      return webIdentity(config, deps);
    case "PodIdentity":
      return podIdentity(deps);
    case "InstanceRole":
      return instanceRole(deps);
    case "Auto":
      if (config.roleARN !== undefined || (tokenFile !== undefined && roleARN !== undefined)) return webIdentity(config, deps);
      return containerCredentialsURI !== undefined ? podIdentity(deps) : instanceRole(deps);
  }
}

interface Asked {
  readonly target: EcrTarget;
  readonly service: Service;
  readonly session: RoleSession;
}

async function registryToken(
  { target, service, session }: Asked,
  { cloud, clock }: AuthProviderDeps,
  signal: AbortSignal,
): Promise<Answer<RegistryToken>> {
  const { kind, region, isFips, isDualStack } = target;
  const common = {
    ...hermetic,
    region,
    credentials: {
      accessKeyId: session.accessKeyId.reveal(),
      secretAccessKey: session.secretAccessKey.reveal(),
      sessionToken: session.sessionToken.reveal(),
    },
    useFipsEndpoint: isFips,
    useDualstackEndpoint: isDualStack,
  };
  const options = { cloud, service, now: clock.now() };
  if (kind === "public") {
    const { ECRPUBLICClient, GetAuthorizationTokenCommand } = await import("./sdk-ecr-public.ts");
    return await ask(
      async (requestHandler) => {
        const client = new ECRPUBLICClient({ ...common, requestHandler });
        const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
        return { token: authorizationData?.authorizationToken, expiresAt: authorizationData?.expiresAt };
      },
      options,
      signal,
    );
  }
  const { ECRClient, GetAuthorizationTokenCommand } = await import("./sdk-ecr.ts");
  return await ask(
    async (requestHandler) => {
      const client = new ECRClient({ ...common, requestHandler });
      const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
      return { token: authorizationData?.[0]?.authorizationToken, expiresAt: authorizationData?.[0]?.expiresAt };
    },
    options,
    signal,
  );
}

/** `AWS:<password>` in base64; a password may have a colon in it. */
function toMinted({ token, expiresAt }: RegistryToken, service: Service, now: number): Minted {
  const decoded = Buffer.from(token ?? "", "base64").toString("latin1");
  const at = decoded.indexOf(":");
  const [username, password] = [decoded.slice(0, at), decoded.slice(at + 1)];
  if (at < 1 || password === "" || !/^[\x20-\x7e]+$/.test(decoded) || expiresAt === undefined) throw misread(service);
  return {
    scheme: "basic",
    username: new Secret(username),
    secret: new Secret(password),
    expiresAt: Math.min(expiresAt.getTime(), now + longestLifeMs),
  };
}
