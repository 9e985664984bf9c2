import { createHash, createHmac } from "node:crypto";
import { Secret } from "../../kernel/secret.ts";

/** Temporary credentials of an assumed role. */
export interface RoleCredentials {
  readonly accessKeyID: string;
  readonly accessKeySecret: Secret;
  readonly securityToken: Secret;
  /** Epoch ms. */
  readonly expiresAt: number;
}

export interface SignedCall {
  readonly method: "GET" | "POST";
  /** Without a body; its query is signed. */
  readonly url: URL;
  readonly action: string;
  readonly version: string;
  /** `2023-10-26T10:22:32Z`: the service takes it for 15 minutes. */
  readonly date: string;
  /** Never the same twice. */
  readonly nonce: string;
}

const algorithm = "ACS3-HMAC-SHA256";

/** Headers of a call that is signed as Alibaba's OpenAPI has it (V3 request syntax and signature method); `host` is what the client sets. */
export function signedHeaders(
  { method, url, action, version, date, nonce }: SignedCall,
  {
    accessKeyID,
    accessKeySecret,
    securityToken,
  }: Pick<RoleCredentials, "accessKeyID" | "accessKeySecret"> & Partial<Pick<RoleCredentials, "securityToken">>,
): Readonly<Record<string, Secret>> {
  const payload = sha256("");
  const signed = new Map([
    ["host", url.host],
    ["x-acs-action", action],
    ["x-acs-content-sha256", payload],
    ["x-acs-date", date],
    ["x-acs-signature-nonce", nonce],
    ["x-acs-version", version],
    ...(securityToken === undefined
      ? []
      : ([
          ["x-acs-accesskey-id", accessKeyID],
          ["x-acs-security-token", securityToken.reveal()],
        ] as const)),
  ]);
  const names = [...signed.keys()].toSorted(byCode);
  const headers = names.map((name) => `${name}:${signed.get(name)?.trim() ?? ""}\n`).join("");
  const request = [method, url.pathname, canonicalQuery(url), headers, names.join(";"), payload].join("\n");
  const signature = createHmac("sha256", accessKeySecret.reveal())
    .update(`${algorithm}\n${sha256(request)}`)
    .digest("hex");
  signed.delete("host");
  signed.set("authorization", `${algorithm} Credential=${accessKeyID},SignedHeaders=${names.join(";")},Signature=${signature}`);
  return Object.fromEntries([...signed].map(([name, value]) => [name, new Secret(value)]));
}

function canonicalQuery({ searchParams }: URL): string {
  const pairs = [...searchParams].toSorted(([a], [b]) => byCode(a, b));
  return pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
}

/** RFC 3986 §2.3: everything but the unreserved is escaped, which encodeURIComponent does not do of these. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
