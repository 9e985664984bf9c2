import { type AuthProviderDeps, CredentialUnavailableError, type Unavailable } from "../../keychain/ports.ts";
import { Secret } from "../../kernel/secret.ts";
import { detailsOf, type Refusal, type Service } from "./ask.ts";
import { askInstance, metadataRefusal, sessionIn } from "./metadata.ts";
import type { RoleSession, RoleSource } from "./role.ts";

/** Where the agent of EKS Pod Identity listens on every node; the webhook writes one of them into the pod's environment, and nothing else is asked. */
const agents: ReadonlyMap<string, string> = new Map([
  ["http://169.254.170.23/v1/credentials", "169.254.170.23"],
  ["http://[fd00:ec2::23]/v1/credentials", "[fd00:ec2::23]"],
]);

/** The role that an EKS Pod Identity association gives to the operator's ServiceAccount. */
export function podIdentity(deps: AuthProviderDeps): RoleSource {
  const { containerCredentialsURI, containerTokenFile } = deps.cloud.ambient.aws;
  const host = agents.get(containerCredentialsURI ?? "");
  const problem = problemOf(containerCredentialsURI, containerTokenFile);
  return {
    identity: "EKS Pod Identity",
    ...(problem !== undefined && { problem }),
    group: () => ({ group: "pod", place: "agent" }),
    fetch: (_target, signal) => fetch({ host: host ?? "", tokenFile: containerTokenFile ?? "" }, deps, signal),
  };
}

function problemOf(uri: string | undefined, tokenFile: string | undefined): Unavailable | undefined {
  if (uri === undefined || tokenFile === undefined)
    return {
      reason: "IdentityNotFound",
      message: `The operator's pod has no EKS Pod Identity: ${uri === undefined ? "AWS_CONTAINER_CREDENTIALS_FULL_URI" : "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"} is not set; create an association for its ServiceAccount, and restart it`,
    };
  if (agents.has(uri)) return undefined;
  return {
    reason: "IdentityNotFound",
    message:
      "AWS_CONTAINER_CREDENTIALS_FULL_URI of the operator's pod is not the address of the agent of EKS Pod Identity; nothing is sent there",
  };
}

async function fetch(
  { host, tokenFile }: { readonly host: string; readonly tokenFile: string },
  { cloud, clock }: AuthProviderDeps,
  signal: AbortSignal,
): Promise<RoleSession> {
  const service: Service = { name: "The agent of EKS Pod Identity", host };
  const token = await tokenIn(tokenFile, cloud, signal);
  const asked = { method: "GET", path: "/v1/credentials", headers: { authorization: token } } as const;
  const answer = await askInstance(asked, { cloud, service, now: clock.now() }, signal);
  if (answer.ok) return sessionIn(answer.value, service);
  throw metadataRefusal(service, answer.refusal, refused);
}

function refused(refusal: Refusal): CredentialUnavailableError {
  return new CredentialUnavailableError(
    "IdentityRefused",
    `EKS Pod Identity gives the operator's pod no credentials (${refusal.code}): look at the association of its ServiceAccount, and at the role's trust in pods.eks.amazonaws.com`,
    detailsOf(refusal),
  );
}

async function tokenIn(path: string, cloud: AuthProviderDeps["cloud"], signal: AbortSignal): Promise<Secret> {
  try {
    const text = await cloud.readFile(path, signal);
    // It goes into a header: one line, without spaces.
    if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text);
  } catch {
    signal.throwIfAborted(); // what the file system says is about a path that nobody wrote by hand
  }
  throw new CredentialUnavailableError(
    "IdentityNotFound",
    "The token file of EKS Pod Identity (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) cannot be read, or is no token",
  );
}
