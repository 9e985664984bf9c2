import type { ServiceClient, ServiceResponse } from "../../keychain/cloud.ts";
import type { Minted } from "../../keychain/minted-provider.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { askService, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Secret } from "../../kernel/secret.ts";
import { field } from "../../oci/json.ts";
import { claimsOf } from "../../pki/token-claims.ts";
import { uuidOf } from "./service.ts";

export interface ExchangeRequest {
  /** Host that has passed `loginServer`. */
  readonly loginServer: string;
  readonly tenantID: string;
  readonly token: Secret;
  /** For sentences. */
  readonly identity: string;
}

/** The token of the identity is not taken (401): a newer one may be, if there is one. */
export interface TokenRefused {
  readonly refused: CredentialUnavailableError;
}

/** Of a refresh token that does not say when it ends, in ms: three hours (github.com/Azure/acr, docs/AAD-OAuth.md), less some for two clocks. */
const assumedLifeMs = (3 * 60 - 5) * 60_000;
/** Longer is not believed, in ms. */
const longestLifeMs = 86_400_000;

/**
 * Takes a token of Microsoft Entra ID to a login server, which gives a refresh token of its own for it (github.com/Azure/acr, docs/AAD-OAuth.md). On the login
 * server itself, whatever realm its challenges name, and nowhere else: the token opens every registry of the identity.
 * @throws CredentialUnavailableError, or the signal's reason
 */
export async function exchangeAtRegistry(
  { loginServer, tenantID, token, identity }: ExchangeRequest,
  { http, clock }: { readonly http: ServiceClient; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Minted | TokenRefused> {
  const form = new URLSearchParams({ grant_type: "access_token", service: loginServer, tenant: tenantID, access_token: token.reveal() });
  const answer = await askService(
    http,
    {
      url: new URL("/oauth2/exchange", `https://${loginServer}`),
      hosts: [loginServer],
      method: "POST",
      headers: { accept: new Secret("application/json"), "content-type": new Secret("application/x-www-form-urlencoded") },
      body: new Secret(new TextEncoder().encode(form.toString())),
      reach: "service",
    },
    { service: loginServer, clock, redirected: "RegistryRefused", requestIdOf },
    signal,
  );
  if (answer.status !== 200) {
    const refused = refusal(answer, { loginServer, tenantID, identity });
    if (answer.status === 401) return { refused };
    throw refused;
  }
  const object = jsonObject(answer);
  const refreshToken = object === undefined ? undefined : tokenText(field(object, "refresh_token"));
  if (refreshToken === undefined)
    throw new CredentialUnavailableError("RegistryRefused", `${loginServer} answered without a refresh token: is it a registry of Azure?`);
  return {
    scheme: "refreshToken",
    secret: new Secret(refreshToken),
    tokenPath: "/oauth2/token",
    expiresAt: endOf(refreshToken, { loginServer, now: clock.now() }),
  };
}

function endOf(refreshToken: string, { loginServer, now }: { readonly loginServer: string; readonly now: number }): number {
  const expiresAt = claimsOf(refreshToken)?.expiresAt;
  if (expiresAt === undefined) return now + assumedLifeMs;
  if (expiresAt <= now)
    throw new CredentialUnavailableError(
      "CredentialExpired",
      `${loginServer} gave a refresh token that has expired already; compare the clock of this machine with the time of day`,
    );
  return Math.min(expiresAt, now + longestLifeMs);
}

function requestIdOf({ headers }: ServiceResponse): string | undefined {
  return uuidOf(headers.get("x-ms-correlation-request-id"));
}

function refusal(
  answer: ServiceResponse,
  { loginServer, tenantID, identity }: Pick<ExchangeRequest, "loginServer" | "tenantID" | "identity">,
): CredentialUnavailableError {
  const { status } = answer;
  const requestId = requestIdOf(answer);
  const options = requestId === undefined ? {} : { requestId };
  if (status === 401 || status === 403)
    return new CredentialUnavailableError(
      "RegistryRefused",
      `${loginServer} takes no token of ${identity} in tenant ${tenantID} (${status}): does the registry belong to that tenant, and has the identity a role in it, such as AcrPull?`,
      options,
    );
  if (status === 404 || status === 405)
    return new CredentialUnavailableError(
      "RegistryRefused",
      `${loginServer} exchanges no tokens (${status}): is it a registry of Azure?`,
      options,
    );
  return new CredentialUnavailableError(
    "RegistryRefused",
    `${loginServer} refuses to exchange a token of ${identity} in tenant ${tenantID} (${status}): is tenantID that of the registry?`,
    options,
  );
}
