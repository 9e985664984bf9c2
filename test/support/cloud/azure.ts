import type { AzureManagedIdentityConfig, AzureWorkloadIdentityConfig } from "../../../src/api/auth-azure.ts";
import { azureClouds } from "../../../src/auth/azure/clouds.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import { fakeJWT } from "./deps.ts";
import type { SeenRequest, Site, SiteAnswer } from "./internet.ts";

export const azureClient = "0c0ffee0-0000-4000-8000-00000000c11e";
export const azureTenant = "7e7a7000-0000-4000-8000-00000000007e";
const resource = "https://containerregistry.azure.net";

/** As a manifest is decoded: a ServiceAccount of the operator's namespace, in the public cloud. */
export const azureWorkloadIdentityConfig: AzureWorkloadIdentityConfig = {
  clientID: azureClient,
  tenantID: azureTenant,
  serviceAccountRef: { name: "puller" },
  cloud: "AzurePublic",
  trustedHostSuffixes: [],
};
export const azureManagedIdentityConfig: AzureManagedIdentityConfig = {
  clientID: azureClient,
  tenantID: azureTenant,
  cloud: "AzurePublic",
  trustedHostSuffixes: [],
};

export interface AzureFake {
  /** For {@link startInternet}: Entra, the node's metadata service, and the registries. */
  readonly sites: Readonly<Record<string, Site>>;
  /** Every token that was given out, by Entra, the metadata service and the registries: none of them may be seen anywhere but where it belongs. */
  readonly issued: Set<string>;
  /** Of an identity whose role is taken away: registries refuse its tokens from now on. */
  revoked: boolean;
}

export interface AzureOptions {
  readonly clock: Clock;
  /** Login servers; each believes tokens for {@link azureTenant}. */
  readonly registries: readonly string[];
  /** Subject of the federated identity that Entra knows; default that of ServiceAccount puller of the operator's namespace. */
  readonly subject?: string;
  readonly cloud?: keyof typeof azureClouds;
  /** Default {@link azureClient}. */
  readonly clientID?: string;
  /** What stands behind the registries for whom they let in; default: an empty object for every path. */
  readonly behind?: Site;
}

/** Entra ID, Azure's metadata service and Azure's registries, as they behave when all is well, and as strict. */
export function azureSites(options: AzureOptions): AzureFake {
  const { clock, registries, subject, cloud = "AzurePublic", clientID = azureClient, behind = () => ({ status: 200, body: {} }) } = options;
  const { authorityHost, federatedAudience } = azureClouds[cloud];
  const issued = new Set<string>();
  const fake: AzureFake = { issued, revoked: false, sites: {} };
  const give = (claims: object, lifeSeconds: number): string => {
    const token = fakeJWT({ ...claims, jti: `n${issued.size}` }, clock, lifeSeconds);
    issued.add(token);
    return token;
  };
  const entra: Site = (request) =>
    entraAnswer(request, { audience: federatedAudience, subject: subject ?? "system:serviceaccount:countersign:puller", clientID, give });
  const metadata: Site = (request) => metadataAnswer(request, give);
  const registry: Site = (request, wire) => registryAnswer(request, { fake, give }) ?? behind(request, wire);
  return Object.assign(fake, {
    sites: {
      [authorityHost]: entra,
      "169.254.169.254:80": metadata,
      ...Object.fromEntries(registries.map((host) => [host, registry])),
    },
  });
}

/** What Entra says where it refuses: with a description that must not be repeated. */
export function entraError(code: number, status = 400): SiteAnswer {
  return {
    status,
    headers: { "x-ms-request-id": "aaaaaaaa-0000-4000-8000-000000000001" },
    body: {
      error: "invalid_request",
      error_description: `AADSTS${code}: secret-of-the-body. Trace ID: 9a9a9a9a-0000-4000-8000-000000000009`,
      error_codes: [code],
      timestamp: "2026-01-01 00:00:00Z",
      trace_id: "9a9a9a9a-0000-4000-8000-000000000009",
      correlation_id: "cccccccc-0000-4000-8000-00000000000c",
    },
  };
}

type Give = (claims: object, lifeSeconds: number) => string;

function entraAnswer(
  request: SeenRequest,
  trust: { readonly audience: string; readonly subject: string; readonly clientID: string; readonly give: Give },
): SiteAnswer {
  const form = new URLSearchParams(request.body);
  const path = request.path.split("?")[0];
  if (request.method !== "POST" || path !== `/${azureTenant}/oauth2/v2.0/token`) return { status: 404 };
  if (form.get("grant_type") !== "client_credentials") return entraError(70_003);
  if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") return entraError(900_144);
  if (form.get("client_id") !== trust.clientID) return entraError(700_016);
  if (form.get("scope") !== `${resource}/.default`) return entraError(500_011);
  const claims = claimsOf(form.get("client_assertion") ?? "");
  if (!JSON.stringify(claims["aud"] ?? "").includes(`"${trust.audience}"`)) return entraError(700_212);
  if (claims["sub"] !== trust.subject) return entraError(700_213);
  const token = trust.give({ aud: resource, appid: trust.clientID, tid: azureTenant }, 3600);
  return { status: 200, body: { token_type: "Bearer", expires_in: 3600, ext_expires_in: 3600, access_token: token } };
}

function metadataAnswer(request: SeenRequest, give: Give): SiteAnswer {
  const url = new URL(request.path, "http://169.254.169.254");
  if (request.headers["metadata"] !== "true" || url.pathname !== "/metadata/identity/oauth2/token") return { status: 400 };
  if (url.searchParams.get("api-version") !== "2018-02-01" || url.searchParams.get("resource") !== resource)
    return { status: 400, body: { error: "invalid_resource" } };
  const asked = url.searchParams.get("client_id") ?? url.searchParams.get("msi_res_id");
  if (asked !== null && asked !== azureClient && !asked.endsWith("/puller"))
    return { status: 400, body: { error: "invalid_request", error_description: "Identity not found" } };
  const token = give({ aud: resource, appid: azureClient, tid: azureTenant }, 86_400);
  return { status: 200, body: { access_token: token, expires_in: "86400", resource, token_type: "Bearer" } };
}

/** Undefined for whom it lets in. */
function registryAnswer(request: SeenRequest, { fake, give }: { readonly fake: AzureFake; readonly give: Give }): SiteAnswer | undefined {
  const { site, method, path, headers } = request;
  const form = new URLSearchParams(request.body);
  const isService = form.get("service") === site;
  if (method === "POST" && path === "/oauth2/exchange") {
    const claims = claimsOf(form.get("access_token") ?? "");
    const isGood = fake.issued.has(form.get("access_token") ?? "") && claims["aud"] === resource && form.get("tenant") === azureTenant;
    if (!isService || !isGood || form.get("grant_type") !== "access_token" || fake.revoked) return unauthorized(site);
    return { status: 200, body: { refresh_token: give({ aud: site, grant_type: "refresh_token" }, 10_800) } };
  }
  if (method === "POST" && path === "/oauth2/token") {
    const claims = claimsOf(form.get("refresh_token") ?? "");
    const isGood = fake.issued.has(form.get("refresh_token") ?? "") && claims["aud"] === site && claims["grant_type"] === "refresh_token";
    if (!isService || !isGood || form.get("grant_type") !== "refresh_token" || fake.revoked) return unauthorized(site);
    return { status: 200, body: { access_token: give({ aud: site, grant_type: "access_token" }, 4500) } };
  }
  const [, token = ""] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
  const claims = claimsOf(token);
  if (!fake.issued.has(token) || claims["aud"] !== site || claims["grant_type"] !== "access_token" || fake.revoked)
    return unauthorized(site);
  return undefined;
}

/** A realm that would take the exchange elsewhere: nobody may listen to it. */
function unauthorized(site: string): SiteAnswer {
  return {
    status: 401,
    headers: {
      "www-authenticate": `Bearer realm="https://evil.example/oauth2/token",service="${site}"`,
      "x-ms-correlation-request-id": "eeeeeeee-0000-4000-8000-00000000000e",
    },
    body: { errors: [{ code: "UNAUTHORIZED", message: "secret-of-the-body" }] },
  };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
  } catch {
    return {};
  }
}
