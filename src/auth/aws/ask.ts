import type { CloudAccess, ServiceRequest, ServiceResponse } from "../../keychain/cloud.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import {
  type AnswerDetails,
  answerDetails,
  askedTooOften,
  failureOfService,
  requestIdText,
  unreachable,
} from "../../keychain/service-answer.ts";
import { Secret } from "../../kernel/secret.ts";

/** A service of AWS that answered, and refused. */
export interface Refusal extends AnswerDetails {
  readonly status: number;
  /** The name of its error, in a strict shape: `AccessDenied`. Never its sentence, which may hold anything. */
  readonly code: string;
}
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Who is asked, for sentences: `AWS STS in eu-west-1`. And the only host that it has. */
export interface Service {
  readonly name: string;
  readonly host: string;
}

interface AskOptions {
  readonly cloud: Pick<CloudAccess, "http">;
  readonly service: Service;
  /** Epoch ms. */
  readonly now: number;
}

/** What a client of the SDK gets as its HTTP client (`HttpHandler` of Smithy), as far as it is used. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
export interface SdkHandler {
  handle(request: SdkRequest): Promise<{ response: { statusCode: number; headers: Record<string, string>; body: Uint8Array } }>;
  destroy(): void;
}

/** Not signed, and not the SDK's to say: what machine this is, and what called it (a variable of the environment). */
const dropped: ReadonlySet<string> = new Set(["user-agent", "x-amzn-trace-id"]);
const codeShape = /^[A-Za-z][A-Za-z0-9.]{0,63}$/;

/**
 * What every client of the SDK is made with: nothing is left for it to look up in the environment or in files of the home directory, which a test holds
 * against. One attempt: who retries, and when, is decided in keychain/.
 */
export const hermetic = {
  maxAttempts: 1,
  retryMode: "standard" as const,
  defaultsMode: "standard" as const,
  ignoreConfiguredEndpointUrls: true,
  authSchemePreference: ["sigv4"],
  userAgentAppId: (): Promise<undefined> => Promise.resolve(undefined),
  defaultUserAgentProvider: (): Promise<[]> => Promise.resolve([]),
} satisfies Readonly<Record<string, unknown>>;

/**
 * Asks a service through a client of the SDK, whose connections are ours. A refusal is a value.
 * @throws CredentialUnavailableError where there was no answer, or none that can be read; or the signal's reason
 */
export async function ask<T>(
  call: (handler: SdkHandler) => Promise<T>,
  { cloud, service, now }: AskOptions,
  signal: AbortSignal,
): Promise<Answer<T>> {
  let answered: ServiceResponse | undefined;
  let failure: unknown;
  const handler: SdkHandler = {
    handle: async (request) => {
      try {
        answered = undefined;
        answered = await cloud.http.send(toRequest(request, service.host), signal);
        return { response: { statusCode: answered.status, headers: Object.fromEntries(answered.headers), body: answered.body } };
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    destroy: () => {},
  };
  try {
    return { ok: true, value: await call(handler) };
  } catch (error) {
    signal.throwIfAborted();
    // The SDK's error has the answer in it, and with it perhaps a secret: it goes no further.
    if (answered === undefined) throw unreachable({ service: service.name }, failure);
    if (answered.status < 300) throw misread(service);
    const name = error instanceof Error ? error.name : "";
    return { ok: false, refusal: toRefusal(answered, name, now) };
  }
}

/** Of one answer; `code` counts if it has the shape of one. */
export function toRefusal({ status, headers }: Pick<ServiceResponse, "status" | "headers">, code: string, now: number): Refusal {
  const requestId = requestIdText(headers.get("x-amzn-requestid") ?? headers.get("x-amz-request-id"));
  const isCode = codeShape.test(code) && !["Error", "SyntaxError", "TypeError", "Unknown", "UnknownError"].includes(code);
  return {
    status,
    code: isCode ? code : String(status),
    ...answerDetails({ headers }, { now, requestId }),
  };
}

/** What came back says that it is well, and is not what was asked for. */
export function misread(service: Pick<Service, "name">): CredentialUnavailableError {
  return new CredentialUnavailableError(
    "IdentityUnreachable",
    `${service.name} answered what cannot be read: something else may answer in its place`,
  );
}

const throttles: ReadonlySet<string> = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "RequestThrottledException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "LimitExceededException",
]);

/** What a refusal says of any service alike; undefined where it is about what was asked. */
export function commonRefusal(service: Pick<Service, "name">, refusal: Refusal): CredentialUnavailableError | undefined {
  const { status, code } = refusal;
  const details = detailsOf(refusal);
  if (status === 429 || throttles.has(code)) return askedTooOften(service.name, code, details);
  return failureOfService({ service: service.name }, status, details);
}

/** For the log, and for whom asks again. */
export function detailsOf({ requestId, retryAt }: Refusal): AnswerDetails {
  return { ...(requestId !== undefined && { requestId }), ...(retryAt !== undefined && { retryAt }) };
}

function toRequest({ protocol, hostname, port, path, method, headers, body }: SdkRequest, host: string): ServiceRequest {
  const kept = Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase()));
  return {
    url: new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`),
    hosts: [host],
    method: method === "GET" ? "GET" : "POST",
    headers: Object.fromEntries(kept.map(([name, value]) => [name, new Secret(value)])),
    ...(typeof body === "string" && { body: new Secret<Uint8Array>(new TextEncoder().encode(body)) }),
    ...(body instanceof Uint8Array && { body: new Secret<Uint8Array>(body) }),
    reach: "service",
  };
}
