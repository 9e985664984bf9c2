import type { Secret } from "../kernel/secret.ts";
import type { Credential } from "../oci/credential.ts";
import { echo } from "../oci/parsed.ts";
import { basic, decodeText } from "./docker-auth-entry.ts";
import { decodeDockerConfig, type KeyedCredential } from "./docker-config-json.ts";
import type { SecretMaterial, Unavailable } from "./ports.ts";

/** What a Secret holds: keys with a credential each, one credential for whatever it is used for, or nothing that may be sent to a registry. */
export type SecretCredentials =
  | { readonly kind: "keyed"; readonly keys: readonly KeyedCredential[]; readonly warnings: readonly string[] }
  | { readonly kind: "basic"; readonly credential: Credential }
  | ({ readonly kind: "unavailable" } & Unavailable);

/**
 * Reads a Secret by its type. Only the three types that are made for registries are read: a TLS key or a ServiceAccount token is refused, so that nobody
 * can aim our own keys at a registry (design 2.1).
 */
export function readSecretCredentials(secret: SecretMaterial): SecretCredentials {
  const source = `Secret/${echo(secret.name, 63)}`;
  const revision = `${secret.uid}/${secret.resourceVersion}`;
  switch (secret.type) {
    case "kubernetes.io/dockerconfigjson":
      return keyed(secret, { key: ".dockerconfigjson", source, revision, format: "dockerconfigjson" });
    case "kubernetes.io/dockercfg":
      return keyed(secret, { key: ".dockercfg", source, revision, format: "dockercfg" });
    case "kubernetes.io/basic-auth": {
      const [username, password] = [text(secret.data.get("username")), text(secret.data.get("password"))];
      const entry = basic(username, password);
      return entry.ok
        ? { kind: "basic", credential: { ...entry.credential, revision } }
        : { kind: "unavailable", reason: "CredentialInvalid", message: `${source} ${entry.problem}` };
    }
    default:
      return {
        kind: "unavailable",
        reason: "CredentialInvalid",
        message: `${source} is of type "${echo(secret.type)}"; only kubernetes.io/dockerconfigjson, dockercfg and basic-auth are used`,
      };
  }
}

function keyed(
  secret: SecretMaterial,
  options: { readonly key: string; readonly source: string; readonly revision: string; readonly format: "dockerconfigjson" | "dockercfg" },
): SecretCredentials {
  const bytes = secret.data.get(options.key);
  if (bytes === undefined)
    return { kind: "unavailable", reason: "CredentialInvalid", message: `${options.source} has no data["${options.key}"]` };
  const config = decodeDockerConfig(bytes, options);
  return config.ok
    ? { kind: "keyed", keys: config.keys, warnings: config.warnings }
    : { kind: "unavailable", reason: config.reason, message: config.message };
}

function text(bytes: Secret<Uint8Array> | undefined): string | undefined {
  return bytes === undefined ? undefined : decodeText(bytes.reveal());
}
