import { createHash, createHmac } from "node:crypto";
import type { AlibabaAcrConfig } from "../../../src/api/auth-alibaba.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import type { SeenRequest, Site, SiteAnswer } from "./internet.ts";
import { tokenRegistry } from "./token-registry.ts";

export const alibabaSTS = "sts.aliyuncs.com";
export const alibabaCR = "cr.cn-hangzhou.aliyuncs.com";
export const alibabaRegistry = "acme-registry.cn-hangzhou.cr.aliyuncs.com";
export const alibabaTokenService = "dockerauth.cn-hangzhou.aliyuncs.com";
/** Stands in every secret of this cloud: what no message, log or status may have in it. */
export const alibabaCanary = "hunter2-alibaba-canary";

export const alibabaConfig = {
  serviceAccountRef: { name: "reader" },
  roleARN: "acs:ram::1234567890123456:role/registry-reader",
  oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1a2b3",
  instances: [
    { host: alibabaRegistry, instanceID: "cri-acme1" },
    { host: "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com", instanceID: "cri-acme1" },
    { host: "acme-registry.ap-southeast-1.cr.aliyuncs.com", instanceID: "cri-acme2" },
    { host: "registry.cn-hangzhou.aliyuncs.com" },
  ],
  endpoints: "Public",
} as const satisfies AlibabaAcrConfig;
/** The token of RRSA's webhook in the operator's pod, in the place of a ServiceAccount's. */
export const alibabaAmbient = {
  tokenFile: "/var/run/secrets/ack.alibabacloud.com/rrsa-tokens/token",
  roleARN: alibabaConfig.roleARN,
  oidcProviderARN: alibabaConfig.oidcProviderARN,
} as const;

const accessKeyID = "STS.NUgYrLnoC37m";

export interface AlibabaOptions {
  readonly clock: Clock;
  /** Of role credentials and of tokens; default 3600. */
  readonly lifeSeconds?: number;
}

/**
 * STS, and the OpenAPI of Container Registry in two regions, which recalculates every signature and gives each request another password; and a registry, whose
 * token service is the region's.
 */
export function alibabaSites(options: AlibabaOptions): Readonly<Record<string, Site>> {
  let roles = 0;
  let tokens = 0;
  const cr: Site = (request) => authorizationToken(request, options, () => (tokens += 1));
  const { registry, tokenService } = tokenRegistry({
    host: alibabaRegistry,
    realm: `https://${alibabaTokenService}/auth`,
    service: "registry.aliyuncs.com:cn-hangzhou:china:cri-acme1:2a",
    accepts: (user, password) => user === "cr_temp_user" && password.startsWith(`${alibabaCanary}.token.`),
  });
  const sts: Site = (request) => assumeRole(request, options, () => (roles += 1));
  return {
    [alibabaRegistry]: registry,
    [alibabaTokenService]: tokenService,
    [alibabaSTS]: sts,
    "sts-vpc.cn-hangzhou.aliyuncs.com": sts,
    [alibabaCR]: cr,
    "cr-vpc.cn-hangzhou.aliyuncs.com": cr,
    "cr.ap-southeast-1.aliyuncs.com": cr,
  };
}

/** An error as Alibaba's OpenAPI has it, with prose that nobody may repeat. */
export function openAPIError(status: number, code: string): SiteAnswer {
  const body = {
    RequestId: "4C467B38-3910-447D-87BC-AC049166F216",
    HostId: "x.aliyuncs.com",
    Code: code,
    Message: `prose ${alibabaCanary}`,
  };
  return { status, body };
}

function assumeRole(request: SeenRequest, { clock, lifeSeconds = 3600 }: AlibabaOptions, next: () => number): SiteAnswer {
  const { searchParams } = new URL(request.path, "https://sts.aliyuncs.com");
  const form = new URLSearchParams(request.body);
  if (request.method !== "POST" || searchParams.get("Action") !== "AssumeRoleWithOIDC" || searchParams.get("Version") !== "2015-04-01")
    return openAPIError(404, "InvalidAction.NotFound");
  if (form.get("RoleArn") !== alibabaConfig.roleARN) return openAPIError(404, "EntityNotExist.Role");
  if (form.get("OIDCProviderArn") !== alibabaConfig.oidcProviderARN) return openAPIError(401, "AuthenticationFail.NoPermission");
  const [, claims = ""] = (form.get("OIDCToken") ?? "").split(".");
  const { aud = [], exp = 0 } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as { aud?: readonly string[]; exp?: number };
  if (!aud.includes("sts.aliyuncs.com")) return openAPIError(401, "AuthenticationFail.OIDCToken.AudienceNotMatch");
  if (exp * 1000 <= clock.now()) return openAPIError(401, "AuthenticationFail.OIDCToken.Expired");
  const Expiration = new Date(clock.now() + lifeSeconds * 1000).toISOString().replace(/[.][0-9]+Z$/, "Z");
  const number = next();
  const Credentials = {
    AccessKeyId: `${accessKeyID}.${number}`,
    AccessKeySecret: `${alibabaCanary}.secret.${number}`,
    SecurityToken: `${alibabaCanary}.session.${number}+/=`,
    Expiration,
  };
  return { status: 200, body: { RequestId: "3D57EAD2-8723-1F26-B69C-F8707D8B565D", Credentials } };
}

function authorizationToken(request: SeenRequest, { clock, lifeSeconds = 3600 }: AlibabaOptions, next: () => number): SiteAnswer {
  const url = new URL(request.path, `https://${request.site}`);
  const problem = signatureProblem(request, url, clock);
  if (problem !== undefined) return openAPIError(problem === "InvalidSecurityToken.Expired" ? 400 : 403, problem);
  const call = `${request.method} ${url.pathname} ${String(request.headers["x-acs-action"])} ${String(request.headers["x-acs-version"])}`;
  if (call === "GET /tokens GetAuthorizationToken 2016-06-07") return personalToken(clock.now() + lifeSeconds * 1000, next());
  if (call !== "POST / GetAuthorizationToken 2018-12-01") return openAPIError(404, "InvalidAction.NotFound");
  const known = ["cri-acme1", "cri-acme2"];
  if (!known.includes(url.searchParams.get("InstanceId") ?? "")) return openAPIError(404, "INSTANCE_NOT_EXIST");
  const AuthorizationToken = `${alibabaCanary}.token.${next()}`;
  const ExpireTime = clock.now() + lifeSeconds * 1000;
  return {
    status: 200,
    body: { RequestId: "6D3B2C1A", IsSuccess: true, Code: "success", TempUsername: "cr_temp_user", AuthorizationToken, ExpireTime },
  };
}

/** The Personal Edition, whose API is older. */
function personalToken(expireDate: number, number: number): SiteAnswer {
  const data = { tempUserName: "cr_temp_user", authorizationToken: `${alibabaCanary}.token.${number}`, expireDate };
  return { status: 200, body: { requestId: "6D3B2C1A", data } };
}

/** What is wrong with the signature of a request as it arrived; written from the description of the method, not from our code. */
function signatureProblem(request: SeenRequest, url: URL, clock: Clock): string | undefined {
  const { headers } = request;
  const header = (name: string): string => String(headers[name] ?? "");
  const parts = /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(header("authorization"));
  if (parts === null) return "MissingAuthorization";
  const [, key = "", signed = "", signature = ""] = parts;
  const number = key.slice(accessKeyID.length + 1);
  if (!key.startsWith(`${accessKeyID}.`) || header("x-acs-security-token") !== `${alibabaCanary}.session.${number}+/=`)
    return "InvalidAccessKeyId.NotFound";
  if (Math.abs(Date.parse(header("x-acs-date")) - clock.now()) > 900_000) return "InvalidTimeStamp.Expired";
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  const query = [...url.searchParams]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const canonical = signed.split(";").map((name) => `${name}:${header(name)}\n`);
  const text = [request.method, url.pathname, query.join("&"), canonical.join(""), signed, hash(request.body)].join("\n");
  const expected = createHmac("sha256", `${alibabaCanary}.secret.${number}`).update(`ACS3-HMAC-SHA256\n${hash(text)}`);
  return expected.digest("hex") === signature ? undefined : "SignatureDoesNotMatch";
}
