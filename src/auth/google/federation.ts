import { gaxios, IdentityPoolClient, type IdentityPoolClientOptions } from "google-auth-library";
import { type AuthProviderDeps, CredentialUnavailableError } from "../../keychain/ports.ts";
import { askService, jsonObject, tokenText } from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";
import { type AccessToken, lifeMs, longestLifeSeconds } from "./access-token.ts";
import { type Federated, impersonationRefused, tokenRefused } from "./refusals.ts";

// Loaded when a federated token is first needed (google-artifact-registry.ts): nothing else imports the SDK.

/** No other universe: these are Google's own, and no field chooses them. */
const tokenHost = "sts.googleapis.com";
const impersonationHost = "iamcredentials.googleapis.com";
const scope = "https://www.googleapis.com/auth/cloud-platform";

/**
 * The token of a ServiceAccount for one of Google: exchanged at the token service, and once more where a service account is acted as.
 * @throws CredentialUnavailableError
 */
export async function federatedAccessToken(
  request: Federated & { readonly subjectToken: Secret },
  { cloud, clock }: Pick<AuthProviderDeps, "cloud" | "clock">,
  signal: AbortSignal,
): Promise<AccessToken> {
  const { audience, email, subjectToken } = request;
  const transporter = new Transporter(request, { cloud, clock }, signal);
  const client = new PoolClient(
    {
      type: "external_account",
      audience,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      subject_token_supplier: { getSubjectToken: async () => await Promise.resolve(subjectToken.reveal()) },
      token_url: `https://${tokenHost}/v1/token`,
      ...(email !== undefined && {
        service_account_impersonation_url: `https://${impersonationHost}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
        service_account_impersonation: { token_lifetime_seconds: longestLifeSeconds },
      }),
      scopes: [scope],
      universe_domain: "googleapis.com",
      // Without them nothing is logged, whatever GOOGLE_SDK_NODE_LOGGING says: the library logs bodies.
      useAuthRequestParameters: false,
    },
    transporter,
  );
  const { token, res } = await client.getAccessToken();
  const text = tokenText(token);
  // The library dates by the clock of the machine; we by ours, and never later than what was asked for.
  const life = email === undefined ? lifeMs(member(res?.data, "expires_in")) : untilMs(member(res?.data, "expireTime"), clock.now());
  if (text === undefined || life === undefined) throw noToken();
  return { token: new Secret(text), expiresAt: clock.now() + life };
}

class PoolClient extends IdentityPoolClient {
  constructor(options: IdentityPoolClientOptions, transporter: Transporter) {
    super({ ...options, transporter });
    // For the first exchange the library makes an HTTP client of its own, whatever it was given; test/auth/google/ has a trap for it.
    Object.assign(this.stsCredential, { transporter });
  }
}

/** In the place of the library's HTTP client, and of its retries, proxies, logs and errors, which quote what they were answered. */
class Transporter extends gaxios.Gaxios {
  readonly #request: Federated;
  readonly #deps: Pick<AuthProviderDeps, "cloud" | "clock">;
  readonly #signal: AbortSignal;

  constructor(request: Federated, deps: Pick<AuthProviderDeps, "cloud" | "clock">, signal: AbortSignal) {
    super();
    this.#request = request;
    this.#deps = deps;
    this.#signal = signal;
  }

  override async request<T>(options: gaxios.GaxiosOptions = {}): Promise<gaxios.GaxiosResponse<T>> {
    const url = new URL(options.url ?? "");
    const data: unknown = options.data;
    const isForm = data instanceof URLSearchParams;
    const headers = new Headers(options.headers);
    headers.set("accept", "application/json");
    headers.set("content-type", isForm ? "application/x-www-form-urlencoded" : "application/json");
    const body = isForm ? data.toString() : JSON.stringify(data);
    const response = await askService(
      this.#deps.cloud.http,
      {
        url,
        hosts: [tokenHost, impersonationHost],
        method: "POST",
        headers: Object.fromEntries([...headers].map(([name, value]) => [name, new Secret(value)])),
        body: new Secret(new TextEncoder().encode(body)),
        reach: "service",
      },
      {
        service: url.hostname === tokenHost ? "Google's token service" : "Google's IAM Credentials API",
        clock: this.#deps.clock,
      },
      this.#signal,
    );
    const answer = jsonObject(response);
    if (response.status !== 200)
      throw (url.hostname === tokenHost ? tokenRefused : impersonationRefused)(this.#request, response.status, answer);
    if (answer === undefined) throw noToken();
    const answered = new Response(null, { status: response.status, headers: [...response.headers] });
    return Object.assign(answered, { config: options, data: answer }) as gaxios.GaxiosResponse<T>; // the type that the library reads it as
  }
}

function noToken(): CredentialUnavailableError {
  return new CredentialUnavailableError("IdentityUnreachable", "Google's token service answers with something that is no token");
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Of a date as RFC 3339 has it, with 0 to 9 digits of fractions, the ms that are left. */
function untilMs(date: unknown, now: number): number | undefined {
  if (typeof date !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}([.][0-9]{1,9})?Z$/.test(date)) return undefined;
  const at = Date.parse(date);
  return Number.isNaN(at) ? undefined : lifeMs((at - now) / 1000);
}
