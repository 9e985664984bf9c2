import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { ErrorClass } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Secret } from "../kernel/secret.ts";
import { type Authorization, headerValue, maySend } from "./authorization.ts";
import { classify } from "./classify.ts";
import type { Pools, Route } from "./pools.ts";
import { hostOf } from "./request.ts";
import { failed } from "./transport-error.ts";

/** One exchange on the wire: no redirect is followed and nothing is tried twice here. */
export interface WireRequest {
  readonly origin: string;
  /** With query. */
  readonly path: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly route: Route;
  readonly accept?: readonly string[];
  /** Placed only inside its own origin and prefixes, else the request is not sent. */
  readonly authorization?: Authorization;
  /** For the token service, whose URL has been checked by realm.ts: a Basic header for a user's password. Never together with `authorization`. */
  readonly tokenServiceHeader?: Authorization["header"];
  /** `application/x-www-form-urlencoded`. */
  readonly form?: string;
  /** For a service of a cloud, whose host has been checked by service-client.ts: what an SDK sends. Never together with the others. */
  readonly service?: { readonly headers: ReadonlyMap<string, Secret>; readonly body: Secret<Uint8Array> | undefined };
  readonly limitBytes: number;
  /** Class of a body that is longer; default LimitExceeded. */
  readonly tooLong?: ErrorClass;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names; the first value of each. */
  readonly headers: ReadonlyMap<string, string>;
  /** Every `WWW-Authenticate` header. */
  readonly challenges: readonly string[];
  readonly body: Uint8Array;
  readonly latencyMs: number;
}

export interface WireOptions {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly userAgent: string;
  /** From sending, a free connection included, to the last header, in ms. */
  readonly headersTimeoutMs: number;
  /** Between two pieces of a body, in ms; the whole is the signal's to bound. */
  readonly idleTimeoutMs: number;
}

/** Of an answer that is a refusal or a redirect: enough for its error codes, in bytes. */
const longestRefusal = 65_536;

/**
 * Sends and reads to the end. Never decodes a content encoding (a gzip bomb stays small, and digests are of the bytes as they come).
 * @throws TransportError, or the signal's reason once it has aborted.
 */
export async function exchange(request: WireRequest, options: WireOptions, signal: AbortSignal): Promise<WireResponse> {
  const { clock } = options;
  const host = hostOf(request.origin);
  const started = clock.monotonic();
  try {
    const answer = await head(request, options, signal);
    const headers = firstValues(answer.headers);
    const refused = answer.statusCode >= 300 || answer.statusCode < 200;
    const limit = refused ? Math.min(longestRefusal, request.limitBytes) : request.limitBytes;
    const body = await readBody(answer.body, {
      host,
      limit,
      declared: request.method === "HEAD" ? undefined : headers.get("content-length"),
      onLong: refused ? "cut" : (request.tooLong ?? "LimitExceeded"),
      clock,
      idleTimeoutMs: options.idleTimeoutMs,
      signal,
    });
    const latencyMs = clock.monotonic() - started;
    return { status: answer.statusCode, headers, challenges: values(answer.headers["www-authenticate"]), body, latencyMs };
  } catch (error) {
    signal.throwIfAborted();
    throw classify(error, host);
  }
}

async function head(request: WireRequest, options: WireOptions, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const host = hostOf(request.origin);
  const { headersTimeoutMs } = options;
  using deadline = options.clock.deadline(headersTimeoutMs, signal);
  const headers = requestHeaders(request, options.userAgent);
  try {
    return await options.pools.agent(request.route).request({
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers,
      ...(request.form !== undefined && { body: request.form }),
      ...(request.service?.body !== undefined && { body: request.service.body.reveal() }),
      // Until the headers are here; from then on readBody destroys the body, and with it the connection.
      signal: deadline.signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted) throw failed("Timeout", host, `no answer within ${headersTimeoutMs} ms`);
    throw error;
  }
}

/** `Host` is undici's to set (H12); no cookie, no proxy header. The only place where an `authorization` header is made. */
function requestHeaders(request: WireRequest, userAgent: string): Record<string, string> {
  const { authorization, origin, path } = request;
  if (authorization !== undefined && !maySend(authorization, origin, path))
    throw failed("Internal", hostOf(origin), "a credential was about to leave its origin or repository; nothing was sent");
  const secret = authorization?.header ?? request.tokenServiceHeader;
  return {
    "user-agent": userAgent,
    "accept-encoding": "identity",
    accept: request.accept?.join(", ") ?? "*/*",
    ...(request.form !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
    ...(secret !== undefined && { authorization: headerValue(secret) }),
    ...Object.fromEntries([...(request.service?.headers ?? [])].map(([name, value]) => [name, headerValue(value)])),
  };
}

interface BodyOptions {
  readonly host: string;
  readonly limit: number;
  /** `content-length`. */
  readonly declared: string | undefined;
  /** A refusal's text may be cut; anything else that is too long is a failure of this class. */
  readonly onLong: ErrorClass | "cut";
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

async function readBody(body: Readable, options: BodyOptions): Promise<Uint8Array> {
  const { host, limit, declared, onLong, clock, idleTimeoutMs, signal } = options;
  const long = (): Error => failed(onLong === "cut" ? "LimitExceeded" : onLong, host, `the answer is longer than ${limit} bytes`);
  // An error that is emitted after the iterator is gone must not end the process.
  body.on("error", () => {});
  try {
    if (onLong !== "cut" && declared !== undefined && Number(declared) > limit) throw long();
    const chunks: Uint8Array[] = [];
    let size = 0;
    const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    for (;;) {
      const next = await nextChunk(iterator, { host, clock, idleTimeoutMs, signal });
      if (next.done === true) return Buffer.concat(chunks, size);
      chunks.push(next.value);
      size += next.value.byteLength;
      if (size > limit) {
        if (onLong === "cut") return Buffer.concat(chunks, size).subarray(0, limit);
        throw long();
      }
    }
  } finally {
    body.destroy();
  }
}

async function nextChunk(
  iterator: AsyncIterator<Uint8Array>,
  options: Pick<BodyOptions, "host" | "clock" | "idleTimeoutMs" | "signal">,
): Promise<IteratorResult<Uint8Array>> {
  const { host, clock, idleTimeoutMs, signal } = options;
  using idle = clock.deadline(idleTimeoutMs, signal);
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void =>
    reject(
      signal.aborted ? (signal.reason as Error) : failed("Timeout", host, `no byte for ${idleTimeoutMs} ms in the middle of the answer`),
    );
  idle.signal.addEventListener("abort", onAbort, { once: true });
  if (idle.signal.aborted) onAbort();
  try {
    return await Promise.race([iterator.next(), promise]);
  } finally {
    idle.signal.removeEventListener("abort", onAbort);
  }
}

function firstValues(headers: Dispatcher.ResponseData["headers"]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const [text] = values(value);
    if (text !== undefined) first.set(name.toLowerCase(), text);
  }
  return first;
}

function values(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
