import type { AwsEcrConfig } from "../../../src/api/auth-aws.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import type { SeenRequest, Site, SiteAnswer } from "./internet.ts";
import { signatureOf } from "./sigv4.ts";

export const awsRole = "arn:aws:iam::123456789012:role/countersign";
export const ecrRegistryHost = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
export const stsHostName = "sts.eu-west-1.amazonaws.com";
export const ecrHostName = "api.ecr.eu-west-1.amazonaws.com";
export const ecrPublicHostName = "api.ecr-public.us-east-1.amazonaws.com";
export const imdsSite = "169.254.169.254:80";
export const podAgentSite = "169.254.170.23:80";
export const podAgentURI = "http://169.254.170.23/v1/credentials";
export const podToken = "token-of-the-agent";

export function awsConfig(config: Partial<AwsEcrConfig> = {}): AwsEcrConfig {
  return { roleARN: awsRole, serviceAccountRef: { name: "puller" }, source: "Auto", trustedHostSuffixes: [], ...config };
}

/** What AWS knows: who was given a session, and which tokens its registries take. Everything is by the clock of the test. */
export interface AwsCloud {
  readonly clock: Clock;
  /** Secret and session token by access key; taken away: the session is revoked. */
  readonly sessions: Map<string, { readonly secret: string; readonly token: string; readonly role: string }>;
  /** Passwords, and when they end. */
  readonly passwords: Map<string, number>;
  /** What roles may be assumed, by whom. */
  readonly trust: Map<string, { readonly subject: string; readonly audience: string }>;
  /** All hosts of the cloud, with one private registry and the public gallery. */
  readonly sites: Readonly<Record<string, Site>>;
  /** A registry of these tokens, at any host; `site` answers whom it lets in. */
  registry(site?: Site): Site;
  sts: Site;
  ecr: Site;
  ecrPublic: Site;
  podAgent: Site;
  imds: Site;
}

const hour = 3_600_000;

/** AWS as Amazon ECR needs it: STS, the two services of tokens, registries, and the metadata services of a node. */
export function awsCloud(clock: Clock): AwsCloud {
  let issued = 0;
  const sessions: AwsCloud["sessions"] = new Map();
  const passwords: AwsCloud["passwords"] = new Map();
  const trust: AwsCloud["trust"] = new Map([
    [awsRole, { subject: "system:serviceaccount:countersign:puller", audience: "sts.amazonaws.com" }],
  ]);
  const session = (role: string): { accessKeyId: string; secret: string; token: string; expiration: string } => {
    issued += 1;
    const made = { secret: `secret-key-${issued}`, token: `session-token-${issued}`, role };
    const accessKeyId = `ASIA${String(issued).padStart(16, "0")}`;
    sessions.set(accessKeyId, made);
    return { accessKeyId, ...made, expiration: new Date(clock.now() + hour).toISOString() };
  };
  const authorization = (): { authorizationToken: string; expiresAt: number } => {
    issued += 1;
    // A password may have a colon in it.
    const password = `ecr:password:${issued}`;
    passwords.set(password, clock.now() + 12 * hour);
    return { authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"), expiresAt: (clock.now() + 12 * hour) / 1000 };
  };
  const cloud: AwsCloud = {
    clock,
    sessions,
    passwords,
    trust,
    sites: {},
    registry: (site) => privateRegistry(cloud, site),
    sts: (request) => assume(cloud, request, session),
    ecr: (request) =>
      signed(cloud, request, "ecr", () => ({
        status: 200,
        body: { authorizationData: [{ ...authorization(), proxyEndpoint: `https://${ecrRegistryHost}` }] },
      })),
    ecrPublic: (request) => signed(cloud, request, "ecr-public", () => ({ status: 200, body: { authorizationData: authorization() } })),
    podAgent: ({ method, path, headers }) => {
      if (method !== "GET" || path !== "/v1/credentials") return { status: 404 };
      if (headers.authorization !== podToken) return { status: 400, body: "AccessDeniedException: the token is not valid" };
      return { status: 200, body: metadata(session("of-the-association")) };
    },
    imds: (request) => instance(request, () => session("node-role")),
  };
  return Object.assign(cloud, {
    sites: {
      [stsHostName]: (request, wire) => cloud.sts(request, wire),
      "sts.us-east-1.amazonaws.com": (request, wire) => cloud.sts(request, wire),
      [ecrHostName]: (request, wire) => cloud.ecr(request, wire),
      [ecrPublicHostName]: (request, wire) => cloud.ecrPublic(request, wire),
      [ecrRegistryHost]: cloud.registry(),
      "public.ecr.aws": publicGallery(cloud),
      [imdsSite]: (request, wire) => cloud.imds(request, wire),
      [podAgentSite]: (request, wire) => cloud.podAgent(request, wire),
      "[fd00:ec2::23]:80": (request, wire) => cloud.podAgent(request, wire),
    } satisfies Readonly<Record<string, Site>>,
  });
}

/** The hosts of {@link awsCloud}, for tests that need nothing of what stands behind them. */
export function awsSites(clock: Clock): Readonly<Record<string, Site>> {
  return awsCloud(clock).sites;
}

/** Names are the SDK's for its own; on the wire an error of STS is XML. */
export function stsError(status: number, code: string, message = "secret-in-a-message"): SiteAnswer {
  return {
    status,
    headers: { "content-type": "text/xml", "x-amzn-requestid": "0a1b2c3d-sts" },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>0a1b2c3d-sts</RequestId></ErrorResponse>`,
  };
}
export function ecrError(status: number, code: string, headers: Readonly<Record<string, string>> = {}): SiteAnswer {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "0a1b2c3d-ecr", ...headers },
    body: JSON.stringify({ __type: code, message: "secret-in-a-message" }),
  };
}

function assume(cloud: AwsCloud, request: SeenRequest, session: (role: string) => Parameters<typeof metadata>[0]): SiteAnswer {
  const form = new URLSearchParams(request.body);
  if (form.get("Action") !== "AssumeRoleWithWebIdentity") return stsError(400, "InvalidAction");
  const role = form.get("RoleArn") ?? "";
  const [, payload = ""] = (form.get("WebIdentityToken") ?? "").split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString() || "{}") as { sub?: string; aud?: string[]; exp?: number };
  const trusted = cloud.trust.get(role);
  if (trusted === undefined || trusted.subject !== claims.sub) return stsError(403, "AccessDenied");
  if (claims.aud?.includes(trusted.audience) !== true) return stsError(400, "InvalidIdentityToken", "Incorrect token audience");
  if ((claims.exp ?? 0) * 1000 <= cloud.clock.now()) return stsError(400, "ExpiredTokenException");
  const { accessKeyId, secret, token, expiration } = session(role);
  const name = `${role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/${form.get("RoleSessionName") ?? ""}`;
  return {
    status: 200,
    headers: { "content-type": "text/xml", "x-amzn-requestid": "0a1b2c3d-sts" },
    body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>${name}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  };
}

function signed(cloud: AwsCloud, request: SeenRequest, service: string, answer: () => SiteAnswer): SiteAnswer {
  if (!/\.GetAuthorizationToken$/.test(String(request.headers["x-amz-target"]))) return ecrError(400, "UnknownOperationException");
  const by = signatureOf(request, (key) => cloud.sessions.get(key)?.secret);
  if (by === undefined) return ecrError(400, "UnrecognizedClientException");
  if (cloud.sessions.get(by.accessKeyId)?.token !== request.headers["x-amz-security-token"])
    return ecrError(400, "UnrecognizedClientException");
  if (by.service !== service || !request.site.includes(`.${by.region}.`)) return ecrError(400, "InvalidSignatureException");
  return answer();
}

function metadata(session: { readonly accessKeyId: string; readonly secret: string; readonly token: string; readonly expiration: string }) {
  return {
    Code: "Success",
    Type: "AWS-HMAC",
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secret,
    Token: session.token,
    Expiration: session.expiration.replace(/[.][0-9]+Z$/, "Z"),
  };
}

/** IMDSv2: nothing without the token of a PUT. */
function instance({ method, path, headers }: SeenRequest, session: () => Parameters<typeof metadata>[0]): SiteAnswer {
  if (path === "/latest/api/token" && method === "PUT" && headers["x-aws-ec2-metadata-token-ttl-seconds"] !== undefined)
    return { status: 200, body: "imds-token" };
  if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return { status: 401 };
  if (path === "/latest/meta-data/iam/security-credentials/") return { status: 200, body: "node-role" };
  if (path === "/latest/meta-data/iam/security-credentials/node-role") return { status: 200, body: metadata(session()) };
  return { status: 404 };
}

/** Whether this is a password of Amazon's that has not ended. */
function letsIn(cloud: AwsCloud, authorization: string | undefined): "yes" | "expired" | "no" {
  const [user, ...rest] = Buffer.from((authorization ?? "").replace(/^Basic /, ""), "base64")
    .toString()
    .split(":");
  const end = cloud.passwords.get(rest.join(":"));
  if (user !== "AWS" || end === undefined) return "no";
  return end > cloud.clock.now() ? "yes" : "expired";
}

function privateRegistry(cloud: AwsCloud, site: Site = () => ({ status: 200, body: "{}" })): Site {
  return (request, wire) => {
    const { authorization } = request.headers;
    if (authorization === undefined)
      return { status: 401, headers: { "www-authenticate": `Basic realm="https://${request.site}/",service="ecr.amazonaws.com"` } };
    switch (letsIn(cloud, authorization)) {
      case "yes":
        return site(request, wire);
      case "expired":
        return denied(403, "Your authorization token has expired. Reauthenticate and try again.");
      case "no":
        return denied(403, "The request's security token is wrong.");
    }
  };
}

/** A gallery that anybody may read, and a user of AWS with less of a limit: tokens of an hour, from a realm of its own. */
function publicGallery(cloud: AwsCloud): Site {
  const bearers = new Map<string, number>();
  return ({ site, path, headers }) => {
    if (path.startsWith("/token/")) {
      if (headers.authorization !== undefined && letsIn(cloud, headers.authorization) !== "yes")
        return denied(400, "Your Authorization Token is invalid.");
      const token = `bearer-${bearers.size}-${headers.authorization === undefined ? "anonymous" : "aws"}`;
      bearers.set(token, cloud.clock.now() + hour);
      return { status: 200, body: { token } };
    }
    const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    if (bearer === undefined)
      return { status: 401, headers: { "www-authenticate": `Bearer realm="https://${site}/token/",service="${site}",scope="aws"` } };
    return (bearers.get(bearer) ?? 0) > cloud.clock.now()
      ? { status: 200, body: "{}" }
      : denied(400, "Your Authorization Token is invalid.");
  };
}

function denied(status: number, message: string): SiteAnswer {
  return { status, body: { errors: [{ code: "DENIED", message }] } };
}
