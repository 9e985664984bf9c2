import { randomUUID } from "node:crypto";
import type { AuthProviderDeps } from "../../keychain/ports.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import type { Minted } from "../../keychain/minted-provider.ts";
import { askService, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Located } from "./hosts.ts";
import { instanceRefused, isThrottled, type Refusal, refusalOf, throttled } from "./refusals.ts";
import { timestamp } from "./role.ts";
import { type RoleCredentials, signedHeaders } from "./signature.ts";

const service = "Alibaba Cloud Container Registry";
/** Longer lives are cut to it: the documented one, in ms. */
const longestLifeMs = 3_600_000;

/** What the two versions call user, password and end. */
const enterpriseNames = { user: "TempUsername", password: "AuthorizationToken", end: "ExpireTime" } as const;
const personalNames = { user: "tempUserName", password: "authorizationToken", end: "expireDate" } as const;

export interface TokenRequest {
  readonly instance: Located;
  readonly roleARN: string;
  readonly role: RoleCredentials;
  /** Of the OpenAPI of Container Registry in the instance's region, built in. */
  readonly host: string;
}

/** The role's credentials are not, or no longer, taken: others may be. */
export class RoleExpiredError extends CredentialUnavailableError {}

/**
 * A temporary user and password for one instance, GetAuthorizationToken of 2018-12-01; for the Personal Edition of a region, of 2016-06-07.
 * @throws CredentialUnavailableError, and RoleExpiredError of it
 */
export async function authorizationToken(
  request: TokenRequest,
  { cloud, clock }: Pick<AuthProviderDeps, "cloud" | "clock">,
  signal: AbortSignal,
): Promise<Minted> {
  const { instance, role, host } = request;
  const { instanceID } = instance;
  const url = new URL(instanceID === undefined ? "/tokens" : "/", `https://${host}`);
  if (instanceID !== undefined) url.searchParams.set("InstanceId", instanceID);
  const call = {
    method: instanceID === undefined ? "GET" : "POST",
    url,
    action: "GetAuthorizationToken",
    version: instanceID === undefined ? "2016-06-07" : "2018-12-01",
    date: timestamp(clock.now()),
    nonce: randomUUID(),
  } as const;
  const response = await askService(
    cloud.http,
    {
      url,
      hosts: [host],
      method: call.method,
      headers: { ...signedHeaders(call, role), accept: new Secret("application/json") },
      reach: "service",
    },
    { service, clock },
    signal,
  );
  const answer = jsonObject(response);
  if (response.status !== 200 || answer?.["IsSuccess"] === false) throw refused(request, refusalOf(response.status, answer));
  return instanceID === undefined ? mintedOf(answer?.["data"], personalNames, clock.now()) : mintedOf(answer, enterpriseNames, clock.now());
}

function refused({ instance, roleARN }: TokenRequest, refusal: Refusal): CredentialUnavailableError {
  if (isThrottled(refusal)) return throttled(service, refusal);
  const { code } = refusal;
  if (code?.startsWith("InvalidSecurityToken") === true || code?.startsWith("InvalidAccessKeyId") === true)
    return new RoleExpiredError(
      "IdentityRefused",
      `${service} does not take the credentials of ${roleARN} (${code}): was its session revoked?`,
    );
  return instanceRefused({ instance, roleARN }, refusal);
}

function mintedOf(given: unknown, names: typeof enterpriseNames | typeof personalNames, now: number): Minted {
  const fields: Readonly<Record<string, unknown>> = typeof given === "object" && given !== null ? { ...given } : {};
  const username = tokenText(fields[names.user]);
  const password = tokenText(fields[names.password]);
  const at = fields[names.end];
  // A user name with ":" would be another one in the Basic scheme.
  if (username === undefined || username.includes(":") || password === undefined || typeof at !== "number" || !(at > now))
    throw new CredentialUnavailableError("IdentityUnreachable", `${service} answers with something that is no credential`);
  return { scheme: "basic", username: new Secret(username), secret: new Secret(password), expiresAt: Math.min(at, now + longestLifeMs) };
}
