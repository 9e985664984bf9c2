import { type Asked, askService, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import { CredentialUnavailableError, type AuthProviderDeps } from "../../keychain/ports.ts";
import { Secret } from "../../kernel/secret.ts";
import { type AccessToken, lifeMs } from "./access-token.ts";

/** Of every machine of Google Cloud, and of every pod of GKE; in plain HTTP, on a link that does not leave the machine. */
const address = "169.254.169.254";
/** Asked with it, so that no request made by mistake is answered; answered with it, so that nobody else's is believed. */
const flavour = "Google";

/**
 * A token of the machine's own account, or of another that it has. By hand: gcp-metadata, which google-auth-library would ask, takes neither our HTTP client
 * nor a signal, and follows `GCE_METADATA_HOST`.
 * @throws CredentialUnavailableError
 */
export async function metadataToken(
  account: string | undefined,
  { cloud, clock }: Pick<AuthProviderDeps, "cloud" | "clock">,
  signal: AbortSignal,
): Promise<AccessToken> {
  const asked: Asked = {
    service: "Google's metadata server",
    clock,
    hint: "outside of Google Cloud, set workloadIdentityFederation",
  };
  const response = await askService(
    cloud.http,
    {
      url: new URL(`http://${address}/computeMetadata/v1/instance/service-accounts/${account ?? "default"}/token`),
      hosts: [address],
      method: "GET",
      headers: { "metadata-flavor": new Secret(flavour) },
      reach: "instance",
    },
    asked,
    signal,
  );
  const { status, headers } = response;
  const name = account ?? "default";
  if (headers.get("metadata-flavor") !== flavour)
    throw new CredentialUnavailableError(
      "IdentityNotFound",
      `What answers at ${address} is not Google's metadata server: the operator does not run on Google Cloud; set workloadIdentityFederation`,
    );
  if (status === 404)
    throw new CredentialUnavailableError(
      "IdentityNotFound",
      `Google's metadata server knows no service account "${name}" (404): attach it to the machine, or set workloadIdentityFederation`,
    );
  if (status === 403)
    throw new CredentialUnavailableError(
      "IdentityRefused",
      `Google's metadata server gives no token of "${name}" (403): it is concealed from pods, or the operator's ServiceAccount may not act as it (roles/iam.workloadIdentityUser)`,
    );
  if (status !== 200) throw new CredentialUnavailableError("IdentityRefused", `Google's metadata server refuses (${status})`);
  const answer = jsonObject(response);
  const token = tokenText(answer?.["access_token"]);
  const life = lifeMs(answer?.["expires_in"]);
  if (token === undefined || life === undefined)
    throw new CredentialUnavailableError("IdentityUnreachable", "Google's metadata server answers with something that is no token");
  return { token: new Secret(token), expiresAt: clock.now() + life };
}
