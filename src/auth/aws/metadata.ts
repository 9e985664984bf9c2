import type { CloudAccess } from "../../keychain/cloud.ts";
import type { CredentialUnavailableError } from "../../keychain/ports.ts";
import { exchange, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";
import { field } from "../../oci/json.ts";
import { type Answer, commonRefusal, misread, type Refusal, type Service, toRefusal } from "./ask.ts";
import type { RoleSession } from "./role.ts";

const timeShape = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?Z$/;

interface Asked {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly headers: Readonly<Record<string, Secret>>;
}

/**
 * One question to a metadata service of this machine. Its two protocols are a page each, and the SDK's clients of them make connections of their own (they
 * take no HTTP client), so that they are written here (docs/adr/0018-cloud-identities.md).
 * @throws CredentialUnavailableError, or the signal's reason
 */
export async function askInstance(
  { method, path, headers }: Asked,
  { cloud, service, now }: { readonly cloud: Pick<CloudAccess, "http">; readonly service: Service; readonly now: number },
  signal: AbortSignal,
): Promise<Answer<Uint8Array>> {
  const url = new URL(path, `http://${service.host}`);
  const request = { url, hosts: [service.host], method, headers, reach: "instance" } as const;
  const response = await exchange(cloud.http, request, { service: service.name }, signal);
  if (response.status === 200) return { ok: true, value: response.body };
  if (response.status < 300) throw misread(service);
  return { ok: false, refusal: toRefusal(response, codeIn(response.body), now) };
}

/** The session that both of them answer with; the members have the same names. */
export function sessionIn(body: Uint8Array, service: Service): RoleSession {
  const object = objectIn(body, service);
  const text = (name: string): Secret => {
    const value = tokenText(field(object, name));
    if (value === undefined) throw misread(service);
    return new Secret(value);
  };
  const expiration = field(object, "Expiration");
  if (typeof expiration !== "string" || !timeShape.test(expiration)) throw misread(service);
  return {
    accessKeyId: text("AccessKeyId"),
    secretAccessKey: text("SecretAccessKey"),
    sessionToken: text("Token"),
    expiresAt: Date.parse(expiration),
  };
}

export function objectIn(body: Uint8Array, service: Service): Readonly<Record<string, unknown>> {
  const object = jsonObject({ body });
  if (object === undefined) throw misread(service);
  return object;
}

/** What any of them may say; `refused`, what is left. */
export function metadataRefusal(
  service: Service,
  refusal: Refusal,
  refused: (refusal: Refusal) => CredentialUnavailableError,
): CredentialUnavailableError {
  return commonRefusal(service, refusal) ?? refused(refusal);
}

/** The agent's refusals begin with the name of an error: `AccessDeniedException: …`; the rest of the text stays here. */
function codeIn(body: Uint8Array): string {
  const head = new TextDecoder().decode(body.subarray(0, 512));
  return /\b([A-Z][A-Za-z]{2,48}Exception)\b/.exec(head)?.[1] ?? "";
}
