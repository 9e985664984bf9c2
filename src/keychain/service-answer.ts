import { CredentialUnavailableError } from "./ports.ts";
import type { ServiceClient, ServiceFailure, ServiceRequest, ServiceResponse } from "./cloud.ts";

/** Who is asked, for sentences (`Google's token service`), and how its `Retry-After` is read: epoch ms. */
export interface Asked {
  readonly service: string;
  readonly retryAfter: (header: string | undefined) => number | undefined;
  /** What to do where it cannot be reached at all. */
  readonly hint?: string;
}

/**
 * One exchange with a service of a cloud that we speak to without its SDK. Returns what the service says about the request (2xx and 4xx); that it cannot
 * be reached, fails, is asked too often, or wants to send us elsewhere is thrown.
 * @throws CredentialUnavailableError IdentityUnreachable or Throttled, or the signal's reason
 */
export async function askService(
  http: ServiceClient,
  request: ServiceRequest,
  asked: Asked,
  signal: AbortSignal,
): Promise<ServiceResponse> {
  const { service, retryAfter } = asked;
  const response = await send(http, request, asked, signal);
  const { status, headers } = response;
  const retryAt = retryAfter(headers.get("retry-after"));
  const options = retryAt === undefined ? {} : { retryAt };
  if (status === 429) throw new CredentialUnavailableError("Throttled", `${service} is asked too often (429)`, options);
  if (status >= 500) throw new CredentialUnavailableError("IdentityUnreachable", `${service} fails (${status})`, options);
  if (status >= 300 && status < 400)
    throw new CredentialUnavailableError("IdentityUnreachable", `${service} answers with a redirect (${status}), which is not followed`);
  return response;
}

/** Of an answer in JSON: its object; undefined where it is none. */
export function jsonObject({ body }: ServiceResponse): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    // What a parser quotes may be a token.
    return undefined;
  }
}

/** A code that a service gave, for sentences: nothing but a word; anything else is somebody's text. */
export function codeWord(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(value) ? value : undefined;
}

/** A token, as headers and forms take it; anything else is none. */
export function tokenText(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]{1,16384}$/.test(value) ? value : undefined;
}

async function send(http: ServiceClient, request: ServiceRequest, { service, hint }: Asked, signal: AbortSignal): Promise<ServiceResponse> {
  try {
    return await http.send(request, signal);
  } catch (error) {
    signal.throwIfAborted();
    const said = isFailure(error) ? ` (${error.class}): ${error.message}` : ", for a reason that is not known";
    throw new CredentialUnavailableError(
      "IdentityUnreachable",
      `${service} cannot be reached${said}${hint === undefined ? "" : `; ${hint}`}`,
    );
  }
}

function isFailure(error: unknown): error is ServiceFailure {
  return error instanceof Error && "class" in error && typeof error.class === "string";
}
