import { randomUUID } from "node:crypto";
import type { AuthProviderDeps } from "../../keychain/ports.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { askService, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";
import { type Assumed, isThrottled, refusalOf, roleRefused, throttled } from "./refusals.ts";
import type { RoleCredentials } from "./signature.ts";

const service = "Alibaba Cloud STS";
/** Longer sessions are cut to it: the default of AssumeRoleWithOIDC, in ms. */
const longestLifeMs = 3_600_000;

/**
 * Temporary credentials of the role for the token of a ServiceAccount: AssumeRoleWithOIDC, which is not signed, since the token is what is judged.
 * `host`: of STS, built in.
 * @throws CredentialUnavailableError
 */
export async function assumeRole(
  { assumed, token, host }: { readonly assumed: Assumed; readonly token: Secret; readonly host: string },
  { cloud, clock }: Pick<AuthProviderDeps, "cloud" | "clock">,
  signal: AbortSignal,
): Promise<RoleCredentials> {
  const url = new URL(`https://${host}/`);
  const query = {
    Action: "AssumeRoleWithOIDC",
    Version: "2015-04-01",
    Format: "JSON",
    RoleSessionName: "countersign",
    Timestamp: timestamp(clock.now()),
    SignatureNonce: randomUUID(),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const form = new URLSearchParams({ RoleArn: assumed.roleARN, OIDCProviderArn: assumed.oidcProviderARN, OIDCToken: token.reveal() });
  const response = await askService(
    cloud.http,
    {
      url,
      hosts: [host],
      method: "POST",
      headers: { "content-type": new Secret("application/x-www-form-urlencoded"), accept: new Secret("application/json") },
      body: new Secret(new TextEncoder().encode(form.toString())),
      reach: "service",
    },
    { service, clock },
    signal,
  );
  const answer = jsonObject(response);
  if (response.status !== 200) {
    const refusal = refusalOf(response.status, answer);
    throw isThrottled(refusal) ? throttled(service, refusal) : roleRefused(assumed, refusal);
  }
  return credentialsOf(answer?.["Credentials"], clock.now());
}

/** As Alibaba's services write and read times: `2023-10-26T10:22:32Z`. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/[.][0-9]+Z$/, "Z");
}

function credentialsOf(given: unknown, now: number): RoleCredentials {
  const fields: Readonly<Record<string, unknown>> = typeof given === "object" && given !== null ? { ...given } : {};
  const accessKeyID = tokenText(fields["AccessKeyId"]);
  const accessKeySecret = tokenText(fields["AccessKeySecret"]);
  const securityToken = tokenText(fields["SecurityToken"]);
  const expiration = fields["Expiration"];
  const isDate = typeof expiration === "string" && /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$/.test(expiration);
  const at = isDate ? Date.parse(expiration) : Number.NaN;
  if (accessKeyID === undefined || accessKeySecret === undefined || securityToken === undefined || Number.isNaN(at) || at <= now)
    throw new CredentialUnavailableError("IdentityUnreachable", `${service} answers with something that is no credential`);
  return {
    accessKeyID,
    accessKeySecret: new Secret(accessKeySecret),
    securityToken: new Secret(securityToken),
    expiresAt: Math.min(at, now + longestLifeMs),
  };
}
