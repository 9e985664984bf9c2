import type { GoogleArtifactRegistryConfig } from "../../../src/api/auth-google.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import type { SeenRequest, Site, SiteAnswer } from "./internet.ts";
import { tokenRegistry } from "./token-registry.ts";

export const googleMetadata = "169.254.169.254:80";
export const googleTokenService = "sts.googleapis.com";
export const googleImpersonation = "iamcredentials.googleapis.com";
/** Stands in every token of this cloud: what no message, log or status may have in it. */
export const googleCanary = "ya29.hunter2-canary";

export const googlePool = {
  serviceAccountRef: { name: "reader" },
  projectNumber: 123_456_789_012,
  poolID: "countersign",
  providerID: "cluster-a",
} as const;
export const googleAudience =
  "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/countersign/providers/cluster-a";
export const googleReader = "reader@acme-prod.iam.gserviceaccount.com";

/** The three ways: of the machine, federated, and federated as a service account. */
export const googleConfigs = {
  ambient: {},
  federated: { workloadIdentityFederation: googlePool },
  impersonated: { workloadIdentityFederation: googlePool, serviceAccountEmail: googleReader },
} as const satisfies Readonly<Record<string, GoogleArtifactRegistryConfig>>;

export interface GoogleOptions {
  readonly clock: Clock;
  /** Of every token; default 3600. */
  readonly lifeSeconds?: number;
  /** Accounts that the metadata server has beside `default`. */
  readonly accounts?: readonly string[];
}

/** Registries of {@link googleSites}. */
export const googleRegistries = ["europe-west1-docker.pkg.dev", "us-docker.pkg.dev", "gcr.io"] as const;

/**
 * Identity services of Google, which give a new token for each request and refuse what is not for them as Google does; and registries that take
 * these tokens and no others.
 */
export function googleSites(options: GoogleOptions): Readonly<Record<string, Site>> {
  const { clock, lifeSeconds = 3600 } = options;
  const given = new Map<string, "federated" | "account">();
  const token = (kind: "federated" | "account"): string => {
    const text = `${googleCanary}.${given.size + 1}`;
    given.set(text, kind);
    return text;
  };
  const registries = googleRegistries.map((host) => {
    const accepts = (user: string, password: string): boolean => user === "oauth2accesstoken" && given.has(password);
    return [host, tokenRegistry({ host, realm: `https://${host}/v2/token`, service: host, accepts }).registry] as const;
  });
  return {
    ...Object.fromEntries(registries),
    [googleMetadata]: (request) => metadata(request, options, () => token("account")),
    [googleTokenService]: (request) => exchange(request, clock, lifeSeconds, () => token("federated")),
    [googleImpersonation]: (request) => {
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      if (given.get(bearer) !== "federated") return apiError(401, "UNAUTHENTICATED", "CREDENTIALS_MISSING");
      if (request.path !== `/v1/projects/-/serviceAccounts/${googleReader}:generateAccessToken`)
        return apiError(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED");
      const expireTime = new Date(clock.now() + lifeSeconds * 1000).toISOString();
      return { status: 200, body: { accessToken: token("account"), expireTime } };
    },
  };
}

/** An error as APIs of Google have it (AIP-193), with prose that nobody may repeat. */
export function apiError(status: number, word: string, reason?: string): SiteAnswer {
  const details = reason === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }];
  return { status, body: { error: { code: status, message: `prose ${googleCanary}`, status: word, details } } };
}

function metadata(request: SeenRequest, { accounts = [], lifeSeconds = 3600 }: GoogleOptions, token: () => string): SiteAnswer {
  const flavour = { "metadata-flavor": "Google", server: "Metadata Server for VM" };
  if (request.headers["metadata-flavor"] !== "Google") return { status: 403, headers: flavour, body: "Missing Metadata-Flavor header" };
  const account = /^\/computeMetadata\/v1\/instance\/service-accounts\/([^/]+)\/token$/.exec(request.path)?.[1];
  if (account === undefined || !["default", ...accounts].includes(account)) return { status: 404, headers: flavour, body: "not found" };
  return { status: 200, headers: flavour, body: { access_token: token(), expires_in: lifeSeconds, token_type: "Bearer" } };
}

function exchange(request: SeenRequest, clock: Clock, lifeSeconds: number, token: () => string): SiteAnswer {
  const form = new URLSearchParams(request.body);
  const refuse = (error: string): SiteAnswer => ({ status: 400, body: { error, error_description: `prose ${googleCanary}` } });
  if (request.method !== "POST" || request.path !== "/v1/token") return { status: 404, body: "no such page" };
  if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:token-exchange") return refuse("unsupported_grant_type");
  if (form.get("subject_token_type") !== "urn:ietf:params:oauth:token-type:jwt") return refuse("invalid_request");
  if (form.get("audience") !== googleAudience) return refuse("invalid_target");
  const [, claims = ""] = (form.get("subject_token") ?? "").split(".");
  const { aud = [], exp = 0 } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as { aud?: readonly string[]; exp?: number };
  if (!aud.includes(googleAudience) || exp * 1000 <= clock.now()) return refuse("invalid_grant");
  const issued = "urn:ietf:params:oauth:token-type:access_token";
  return { status: 200, body: { access_token: token(), issued_token_type: issued, token_type: "Bearer", expires_in: lifeSeconds } };
}
