import type { ServiceClient, ServiceResponse } from "../../keychain/cloud.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { askService, jsonObject } from "../../keychain/service-answer.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Secret } from "../../kernel/secret.ts";
import { field } from "../../oci/json.ts";
import { registryResource } from "./clouds.ts";
import { type EntraToken, lifeOf, toToken } from "./entra.ts";
import { uuidOf } from "./service.ts";

/** Which identity of the node; neither: the one that the node itself has. */
export interface InstanceIdentity {
  readonly clientID?: string;
  readonly resourceID?: string;
}

/** Azure's metadata service; built in, as is what it is asked. */
const address = "169.254.169.254";
const who = "The metadata service of this node";

/**
 * A token of an identity of the node (learn.microsoft.com, "How to use managed identities … to acquire an access token"). Written out, because the SDK's class
 * chooses its source by the environment (App Service, Arc, token exchange, another address).
 * @throws CredentialUnavailableError, or the signal's reason
 */
export async function instanceToken(
  identity: InstanceIdentity & { readonly name: string },
  { http, clock }: { readonly http: ServiceClient; readonly clock: Clock },
  signal: AbortSignal,
): Promise<EntraToken> {
  const url = new URL(`http://${address}/metadata/identity/oauth2/token`);
  url.searchParams.set("api-version", "2018-02-01");
  url.searchParams.set("resource", registryResource);
  if (identity.clientID !== undefined) url.searchParams.set("client_id", identity.clientID);
  if (identity.resourceID !== undefined) url.searchParams.set("msi_res_id", identity.resourceID);
  const answer = await askService(
    http,
    {
      url,
      hosts: [address],
      method: "GET",
      headers: { metadata: new Secret("true") },
      reach: "instance",
    },
    {
      service: who,
      clock,
      hint: "is this a node of Azure, and may the operator's pod reach it?",
      absent: "IdentityNotFound",
      redirected: "IdentityRefused",
      requestIdOf,
    },
    signal,
  );
  if (answer.status !== 200) throw refusal(answer, identity.name);
  const object = jsonObject(answer);
  return toToken(object === undefined ? undefined : field(object, "access_token"), { lifeMs: lifeOf(object), now: clock.now(), who });
}

function requestIdOf({ headers }: ServiceResponse): string | undefined {
  return uuidOf(headers.get("x-ms-request-id"));
}

/** The same page, "Error handling": it is updated (404, 410), it is asked too often (429), or fails (5xx); everything else is the request's fault. */
function refusal(answer: ServiceResponse, name: string): CredentialUnavailableError {
  const { status } = answer;
  const requestId = requestIdOf(answer);
  const options = requestId === undefined ? {} : { requestId };
  if (status === 404 || status === 410)
    return new CredentialUnavailableError("IdentityUnreachable", `${who} is being updated (${status})`, options);
  if (status === 400)
    return new CredentialUnavailableError(
      "IdentityNotFound",
      `${who} does not know ${name} (400): assign it to the node or its scale set, and where the node has several name one of them`,
      options,
    );
  return new CredentialUnavailableError("IdentityRefused", `${who} gives no token of ${name} (${status})`, options);
}
