import type { ServiceClient, ServiceRequest, ServiceResponse } from "../../keychain/cloud.ts";
import { CredentialUnavailableError, type UnavailableReason } from "../../keychain/ports.ts";
import { asObject, parseJSON } from "../../oci/json.ts";
import { parseRetryAfter } from "../../transport/retry-after.ts";

/** Tokens and refusals are a few KiB; in bytes. */
const longestAnswer = 65_536;

export interface Question extends Omit<ServiceRequest, "limitBytes"> {
  /** Begins the sentence if nothing comes of it. */
  readonly who: string;
  /** What to look at if nobody answers. */
  readonly advice?: string;
  /** What it means that nobody is there (the connection is refused, or there is no way to the host); default IdentityUnreachable, as of every other failure. */
  readonly absent?: UnavailableReason;
}

/**
 * One exchange; every status is an answer.
 * @throws CredentialUnavailableError, or the signal's reason
 */
export async function ask(
  http: ServiceClient,
  { who, advice, absent, ...request }: Question,
  signal: AbortSignal,
): Promise<ServiceResponse> {
  try {
    return await http.send({ ...request, limitBytes: longestAnswer }, signal);
  } catch (error) {
    signal.throwIfAborted();
    const isAbsent = error instanceof Error && "class" in error && error.class === "ConnectionRefused";
    const reason = (isAbsent ? absent : undefined) ?? "IdentityUnreachable";
    const message = `${who} cannot be asked for a token: ${saidBy(error)}`;
    throw new CredentialUnavailableError(reason, advice === undefined ? message : `${message}; ${advice}`);
  }
}

/** Statuses that mean the same of everybody, or undefined: throttled, failing, and redirects, which are never followed. */
export function passingFailure(
  who: string,
  { status, headers }: Pick<ServiceResponse, "status" | "headers">,
  options: { readonly now: number; readonly requestId: string | undefined; readonly refusal: UnavailableReason },
): CredentialUnavailableError | undefined {
  const { now, requestId, refusal } = options;
  const id = requestId === undefined ? {} : { requestId };
  if (status === 429) {
    const retryAt = parseRetryAfter(headers.get("retry-after"), now);
    return new CredentialUnavailableError("Throttled", `${who} is asked for tokens too often (429)`, {
      ...id,
      ...(retryAt !== undefined && { retryAt }),
    });
  }
  if (status >= 500) return new CredentialUnavailableError("IdentityUnreachable", `${who} fails at the moment (${status})`, id);
  if (status >= 300 && status < 400)
    return new CredentialUnavailableError(refusal, `${who} redirects (${status}), which is never followed with a token`, id);
  return undefined;
}

/** The JSON object of an answer; undefined where there is none. */
export function objectOf({ body }: Pick<ServiceResponse, "body">): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseJSON(body, "The answer", { bytes: longestAnswer, depth: 16 });
  return parsed.ok ? asObject(parsed.value) : undefined;
}

/** A token as it may stand in a form: printable ASCII without spaces, not empty. */
export function tokenOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]{1,65536}$/.test(value) ? value : undefined;
}

/** What Microsoft's services call a request; anything but a UUID is not repeated. */
export function requestIdOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;
}

/** The transport's own sentences name a host and hold no secret; those of anybody else are not repeated. */
function saidBy(error: unknown): string {
  return error instanceof Error && "class" in error ? error.message : "the request failed";
}
