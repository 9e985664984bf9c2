import type { Clock } from "../kernel/clock.ts";
import { parseRetryAfter } from "../kernel/retry-after.ts";
import { asObject, parseJSON } from "../oci/json.ts";
import type { ServiceClient, ServiceFailure, ServiceRequest, ServiceResponse } from "./cloud.ts";
import { CredentialUnavailableError, type UnavailableReason } from "./ports.ts";

/** Who is asked, and what it means that nothing comes of it. */
export interface Asked {
  /** Begins the sentences: `Google's token service`. */
  readonly service: string;
  /** Dates its `Retry-After`. */
  readonly clock: Pick<Clock, "now">;
  /** What to do where it cannot be reached at all. */
  readonly hint?: string;
  /** What it means that nobody is there (the connection is refused, or there is no way to the host); default IdentityUnreachable, as of every other failure. */
  readonly absent?: UnavailableReason;
  /** What a redirect means; default IdentityUnreachable. */
  readonly redirected?: UnavailableReason;
  /** What the service calls the request, if it fails; a provider lets pass what has the shape of it. */
  readonly requestIdOf?: (response: ServiceResponse) => string | undefined;
}

/** Of an answer, for the log and for whom asks again. */
export interface AnswerDetails {
  readonly requestId?: string;
  /** Epoch ms. */
  readonly retryAt?: number;
}

/** Longest body that is parsed, in bytes: what a {@link ServiceRequest} reads at most by default. */
const longestBody = 65_536;
/** Errors of APIs nest a few levels. */
const deepest = 16;

/**
 * One exchange with a service of a cloud. Returns what the service says about the request (2xx and 4xx); that it cannot be reached, fails, is asked too often,
 * or wants to send us elsewhere is thrown.
 * @throws CredentialUnavailableError IdentityUnreachable, Throttled, `absent` or `redirected`, or the signal's reason
 */
export async function askService(
  http: ServiceClient,
  request: ServiceRequest,
  asked: Asked,
  signal: AbortSignal,
): Promise<ServiceResponse> {
  const response = await exchange(http, request, asked, signal);
  const details = answerDetails(response, { now: asked.clock.now(), requestId: asked.requestIdOf?.(response) });
  const failure = failureOfService(asked, response.status, details);
  if (failure !== undefined) throw failure;
  return response;
}

/**
 * One exchange of which every status is an answer.
 * @throws CredentialUnavailableError where there was none, or the signal's reason
 */
export async function exchange(
  http: ServiceClient,
  request: ServiceRequest,
  asked: Pick<Asked, "service" | "hint" | "absent">,
  signal: AbortSignal,
): Promise<ServiceResponse> {
  try {
    return await http.send(request, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(asked, error);
  }
}

/** Nothing came back. `failure` is what a {@link ServiceClient} threw: its sentences name a host and hold no secret; those of anybody else are not repeated. */
export function unreachable(
  { service, hint, absent }: Pick<Asked, "service" | "hint" | "absent">,
  failure: unknown,
): CredentialUnavailableError {
  const known = isFailure(failure) ? failure : undefined;
  const said = known === undefined ? ", for a reason that is not known" : ` (${known.class}): ${known.message}`;
  const reason = (known?.class === "ConnectionRefused" ? absent : undefined) ?? "IdentityUnreachable";
  return new CredentialUnavailableError(reason, `${service} cannot be reached${said}${hint === undefined ? "" : `; ${hint}`}`);
}

/** What a status says of any service alike, whatever was asked: throttled, failing, or a redirect, which is never followed; undefined where it is about the request. */
export function failureOfService(
  { service, redirected = "IdentityUnreachable" }: Pick<Asked, "service" | "redirected">,
  status: number,
  details: AnswerDetails,
): CredentialUnavailableError | undefined {
  if (status === 429) return askedTooOften(service, status, details);
  if (status >= 500)
    return new CredentialUnavailableError("IdentityUnreachable", `${service} fails (${status}); it is asked again`, details);
  if (status >= 300 && status < 400)
    return new CredentialUnavailableError(redirected, `${service} answers with a redirect (${status}), which is not followed`, details);
  return undefined;
}

/** `said`: the status, or the code that the service says it with. */
export function askedTooOften(service: string, said: string | number, details: AnswerDetails): CredentialUnavailableError {
  return new CredentialUnavailableError("Throttled", `${service} is asked too often (${said}); it is asked again later`, details);
}

export function answerDetails(
  { headers }: Pick<ServiceResponse, "headers">,
  { now, requestId }: { readonly now: number; readonly requestId: string | undefined },
): AnswerDetails {
  const retryAt = parseRetryAfter(headers.get("retry-after"), now);
  return { ...(requestId !== undefined && { requestId }), ...(retryAt !== undefined && { retryAt }) };
}

/** Of an answer in JSON: its object; undefined where it is none. */
export function jsonObject({ body }: Pick<ServiceResponse, "body">): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseJSON(body, "The answer", { bytes: longestBody, depth: deepest });
  return parsed.ok ? asObject(parsed.value) : undefined;
}

/** A code that a service gave, for sentences: nothing but a word; anything else is somebody's text. */
export function codeWord(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(value) ? value : undefined;
}

/** A token, as headers and forms take it: printable ASCII without spaces, 16 KiB at most; anything else is none. */
export function tokenText(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]{1,16384}$/.test(value) ? value : undefined;
}

/** What a service calls a request, for the log; anything of another shape is somebody's text. */
export function requestIdText(value: unknown): string | undefined {
  return typeof value === "string" && /^[-A-Za-z0-9]{8,64}$/.test(value) ? value : undefined;
}

function isFailure(error: unknown): error is ServiceFailure {
  return error instanceof Error && "class" in error && typeof error.class === "string";
}
