import type { ServiceClient } from "../../keychain/cloud.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import type { Ending } from "../../keychain/renewals.ts";
import { jsonObject, tokenText } from "../../keychain/service-answer.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Secret } from "../../kernel/secret.ts";
import { field } from "../../oci/json.ts";
import { claimsOf } from "../../pki/token-claims.ts";
import { type AzureCloud, registryResource } from "./clouds.ts";
import { type EntraAsker, entraRefusal, entraRequestId } from "./entra-refusal.ts";
import { sdkHttp } from "./sdk-http.ts";

/** A token of Microsoft Entra ID for registries: whoever has it may do in every registry what the identity may. */
export interface EntraToken extends Ending {
  readonly token: Secret;
}

export interface FederatedRequest extends Pick<EntraAsker, "clientID" | "tenantID" | "source"> {
  readonly cloud: AzureCloud;
  /** What the identity trusts: a token of a ServiceAccount, or of the pod. */
  readonly assertion: Secret;
}

const who = "Microsoft Entra ID";

/**
 * Exchanges a federated token, by `@azure/identity`, which is loaded with the first. One credential object for each exchange: what the SDK would remember
 * between two (tokens until five minutes before their end, refusals with Retry-After) is for `Renewals` to decide.
 * @throws CredentialUnavailableError, or the signal's reason
 */
export async function exchangeFederated(
  { clientID, tenantID, source, cloud, assertion }: FederatedRequest,
  { http, clock }: { readonly http: ServiceClient; readonly clock: Clock },
  signal: AbortSignal,
): Promise<EntraToken> {
  const { ClientAssertionCredential } = await import("@azure/identity");
  const outcome: { failure?: unknown; lifeMs?: number } = {};
  const connections = sdkHttp(
    {
      http,
      asked: { service: who, clock, redirected: "IdentityRefused", requestIdOf: entraRequestId },
      endpoint: { host: cloud.authorityHost, path: `/${tenantID}/oauth2/v2.0/token` },
      judge: (answer) => {
        const asker = { clientID, tenantID, source, audience: cloud.federatedAudience, claims: claimsOf(assertion.reveal()) ?? {} };
        if (answer.status !== 200) throw entraRefusal(answer, asker);
        const life = lifeOf(jsonObject(answer));
        if (life === undefined) throw noToken(who);
        outcome.lifeMs = life;
      },
      failed: (reason) => {
        outcome.failure = reason;
      },
    },
    signal,
  );
  const credential = new ClientAssertionCredential(tenantID, clientID, async () => assertion.reveal(), {
    authorityHost: `https://${cloud.authorityHost}`,
    disableInstanceDiscovery: true,
    httpClient: connections,
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
  });
  try {
    const { token } = await credential.getToken(`${registryResource}/.default`);
    return toToken(token, { lifeMs: outcome.lifeMs, now: clock.now(), who });
  } catch (error) {
    signal.throwIfAborted();
    for (const failure of [outcome.failure, error]) if (failure instanceof CredentialUnavailableError) throw failure;
    // What else the SDK says may quote a body.
    throw noToken(who);
  }
}

/** A token may live a day (`expires_in`, of managed identities); longer is not believed, in s. */
const longestLifeSeconds = 86_400;

/** How long a token is good for, in ms, by what stands beside it: our clock dates it, not the service's and not the SDK's. */
export function lifeOf(answer: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const value = answer === undefined ? undefined : field(answer, "expires_in");
  const seconds = typeof value === "string" && /^[0-9]{1,10}$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && seconds > 0 ? Math.min(seconds, longestLifeSeconds) * 1000 : undefined;
}

/** @throws CredentialUnavailableError where it is no token, or nothing says for how long it is good */
export function toToken(
  value: unknown,
  { lifeMs, now, who }: { readonly lifeMs: number | undefined; readonly now: number; readonly who: string },
): EntraToken {
  const token = tokenText(value);
  if (token === undefined || lifeMs === undefined) throw noToken(who);
  return { token: new Secret(token), expiresAt: now + lifeMs };
}

function noToken(who: string): CredentialUnavailableError {
  return new CredentialUnavailableError("IdentityUnreachable", `${who} answered without a token that can be used`);
}
