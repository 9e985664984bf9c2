import { open } from "node:fs/promises";
import type { AmbientIdentity } from "../keychain/cloud.ts";

export const noAmbientIdentity: AmbientIdentity = { azure: {}, aws: {}, alibaba: {} };

/** A projected token is a few KiB; in bytes. */
const longestToken = 65_536;

/**
 * What the webhooks of the clouds write into the environment of a pod. Read once, when the process begins, and used by cluster-scoped AuthProviders of the
 * clouds' types only; nothing else of the environment reaches an SDK.
 */
export function ambientIdentity(env: Readonly<Record<string, string | undefined>>): AmbientIdentity {
  const pick = <const N extends Readonly<Record<string, string>>>(names: N): { readonly [K in keyof N]?: string } => {
    const found = Object.entries(names).flatMap(([member, name]) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[member, value] as const];
    });
    return Object.fromEntries(found) as { readonly [K in keyof N]?: string };
  };
  return {
    azure: pick({
      tokenFile: "AZURE_FEDERATED_TOKEN_FILE",
      clientID: "AZURE_CLIENT_ID",
      tenantID: "AZURE_TENANT_ID",
      authorityHost: "AZURE_AUTHORITY_HOST",
    }),
    aws: pick({
      tokenFile: "AWS_WEB_IDENTITY_TOKEN_FILE",
      roleARN: "AWS_ROLE_ARN",
      containerCredentialsURI: "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      containerTokenFile: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }),
    alibaba: pick({
      tokenFile: "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
      roleARN: "ALIBABA_CLOUD_ROLE_ARN",
      oidcProviderARN: "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    }),
  };
}

/** A token file, without the line feed that may end it. Rejects with a Node error, or with RangeError where it is longer than any token. */
export async function readTokenFile(path: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  await using file = await open(path, "r");
  const { bytesRead, buffer } = await file.read(Buffer.alloc(longestToken + 1), 0, longestToken + 1, 0);
  if (bytesRead > longestToken) throw new RangeError(`The file is longer than ${longestToken} bytes`);
  return buffer.toString("utf8", 0, bytesRead).trim();
}
