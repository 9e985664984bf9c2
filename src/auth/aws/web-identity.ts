import type { AwsEcrConfig } from "../../api/auth-aws.ts";
import { objectId } from "../../api/object.ts";
import { type FederatedSource, federatedProblem, federatedToken, nameOf } from "../../keychain/federated-token.ts";
import { type AuthProviderDeps, CredentialUnavailableError, type Unavailable } from "../../keychain/ports.ts";
import { Secret } from "../../kernel/secret.ts";
import { echo } from "../../oci/parsed.ts";
import { ask, hermetic, misread, type Service } from "./ask.ts";
import { type EcrTarget, partitionOf, stsHost } from "./ecr-host.ts";
import type { RoleSession, RoleSource } from "./role.ts";
import { stsRefusal } from "./sts-refusal.ts";

/** What EKS, and every guide for other clusters, has the OIDC provider in IAM expect. */
const audience = "sts.amazonaws.com";
/** What STS gives by itself, and every role allows, in seconds. */
const sessionSeconds = 3600;

/** A role that is assumed with a token of the cluster: of a ServiceAccount, or of the pod's own file (IRSA). */
export function webIdentity(config: AwsEcrConfig, deps: AuthProviderDeps): RoleSource {
  const { tokenFile, roleARN: ambientRole } = deps.cloud.ambient.aws;
  const source: FederatedSource =
    config.serviceAccountRef !== undefined
      ? { serviceAccount: config.serviceAccountRef.name, audience }
      : { audience, ...(tokenFile !== undefined && { file: { path: tokenFile, variable: "AWS_WEB_IDENTITY_TOKEN_FILE" } }) };
  const roleARN = config.roleARN ?? (config.serviceAccountRef === undefined ? ambientRole : undefined);
  const problem = problemOf(source, roleARN, deps);
  const partition = roleARN?.split(":")[1]; // of arn:aws-cn:iam::…
  return {
    identity: roleARN === undefined ? "no role" : echo(roleARN, 160),
    ...(partition !== undefined && { partition }),
    ...(problem !== undefined && { problem }),
    group: (target) => ({ group: target.isFips ? "FIPS" : "", place: regionOf(config, target) }),
    fetch: (target, signal) =>
      assume({ source, roleARN: roleARN ?? "", region: regionOf(config, target), isFips: target.isFips }, deps, signal),
  };
}

function regionOf({ stsRegion }: AwsEcrConfig, target: EcrTarget): string {
  return stsRegion !== undefined && partitionOf(stsRegion)?.name === target.partition ? stsRegion : target.region;
}

function problemOf(source: FederatedSource, roleARN: string | undefined, deps: AuthProviderDeps): Unavailable | undefined {
  if (source.serviceAccount === undefined && source.file === undefined && deps.namespace === undefined)
    return {
      reason: "IdentityNotFound",
      message:
        "The operator's pod has no web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; annotate its ServiceAccount for IRSA, or set serviceAccountRef",
    };
  if (roleARN === undefined)
    return { reason: "IdentityNotFound", message: "No role to assume: roleARN is not set, and the operator's pod has no AWS_ROLE_ARN" };
  return federatedProblem(source, deps);
}

interface Assumption {
  readonly source: FederatedSource;
  readonly roleARN: string;
  readonly region: string;
  readonly isFips: boolean;
}

async function assume({ source, roleARN, region, isFips }: Assumption, deps: AuthProviderDeps, signal: AbortSignal): Promise<RoleSession> {
  const { namespace, cloud, clock } = deps;
  const host = stsHost(region, isFips);
  if (host === undefined) throw new CredentialUnavailableError("IdentityNotFound", `AWS has no region ${echo(region)}`);
  const service: Service = { name: `AWS STS in ${region}`, host };
  const token = await federatedToken(source, deps, signal);
  const { fromWebToken } = await import("./sdk-sts.ts");
  const answer = await ask(
    (requestHandler) =>
      fromWebToken({
        roleArn: roleARN,
        webIdentityToken: token.reveal(),
        roleSessionName: sessionName(deps),
        durationSeconds: sessionSeconds,
        clientConfig: { ...hermetic, region, useFipsEndpoint: isFips, useDualstackEndpoint: false, requestHandler },
      })(),
    { cloud, service, now: clock.now() },
    signal,
  );
  if (!answer.ok) throw stsRefusal(answer.refusal, { service, roleARN, region, whose: nameOf(source, namespace), token, source });
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = answer.value;
  if (sessionToken === undefined || expiration === undefined) throw misread(service);
  return {
    accessKeyId: new Secret(accessKeyId),
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
    expiresAt: expiration.getTime(),
  };
}

/** As CloudTrail shows it: 2 to 64 of `[\w+=,.@-]`, which names of objects are made of. */
function sessionName({ name, namespace }: Pick<AuthProviderDeps, "name" | "namespace">): string {
  const own = name.includes("/") || namespace === undefined ? name : objectId({ name, namespace });
  return `countersign-${own.replaceAll(/[^\w.-]/g, ".")}`.slice(0, 64);
}
