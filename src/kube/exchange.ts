import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import { type Clock, raceSignal } from "../kernel/clock.ts";
import { KubeError } from "./kube-error.ts";

/** TCP probes of an otherwise silent connection begin after this many ms, as in client-go: below the idle limits of cloud load balancers. */
const tcpKeepAliveMs = 30_000;

/** One HTTP request as it goes on the wire; `options` carry identity, TLS and agent. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  /** All headers, those of `options` included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly options: Omit<RequestOptions, "headers">;
}

/** A connection that an earlier request had left open broke before it brought an answer: the server had closed it, and nothing was done. */
export class StaleConnectionError extends KubeError {}

/**
 * Sends a request and waits for the head of the answer. Redirects are not followed. An abort, before or after, destroys the connection.
 * @throws {KubeError} KUBE_UNREACHABLE, or the signal's reason
 */
export async function sendRequest(exchange: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { url, method, headers, body, options } = exchange;
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const request = send(url, { ...options, method, headers });
  const onAbort = (): void => {
    request.destroy(signal.reason as Error);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  request.once("response", resolve);
  request.on("error", reject); // and for good: an error after the head shows in the body, and must not be an uncaught one
  request.once("close", () => signal.removeEventListener("abort", onAbort));
  request.once("socket", (socket) => socket.setKeepAlive(true, tcpKeepAliveMs));
  request.end(body);
  try {
    return await promise;
  } catch (error) {
    signal.throwIfAborted();
    const failure = request.reusedSocket && isBroken(error) ? StaleConnectionError : KubeError;
    throw unreachable(`${method} ${url.origin}${url.pathname}`, error, failure);
  }
}

/** The whole body as text, and the connection free again. @throws {KubeError} KUBE_LIMIT_EXCEEDED above `maxBytes`, KUBE_UNREACHABLE, or the signal's reason */
export async function readBody(
  answer: IncomingMessage,
  limits: { readonly what: string; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.maxBytes) throw new KubeError("KUBE_LIMIT_EXCEEDED", `${limits.what} brought more than ${limits.maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof KubeError ? error : unreachable(limits.what, error, KubeError);
  } finally {
    if (!answer.complete) answer.destroy();
  }
  return Buffer.concat(chunks, size).toString("utf8");
}

/** How a stream may be read. */
export interface StreamLimits {
  /** The request, for messages. */
  readonly what: string;
  readonly clock: Clock;
  /** Longest silence in ms; asked anew for each chunk. */
  readonly idleMs: () => number;
}

/** The body as it arrives; the connection is destroyed when the reader stops. @throws {KubeError} KUBE_TIMEOUT, KUBE_UNREACHABLE, or the signal's reason */
export async function* readChunks(
  answer: IncomingMessage,
  limits: StreamLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = (answer as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const idleMs = limits.idleMs();
      using idle = limits.clock.deadline(idleMs, signal);
      let next: IteratorResult<Uint8Array>;
      try {
        next = await raceSignal(chunks.next(), idle.signal);
      } catch (error) {
        signal.throwIfAborted();
        if (idle.signal.aborted) throw new KubeError("KUBE_TIMEOUT", `${limits.what} was silent for ${idleMs} ms`);
        throw unreachable(limits.what, error, KubeError);
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    answer.destroy();
  }
}

function unreachable(what: string, cause: unknown, failure: typeof KubeError): KubeError {
  const networkCode = codeOf(cause);
  const why = networkCode ?? (cause instanceof Error ? cause.name : "unknown failure");
  return new failure("KUBE_UNREACHABLE", `${what} broke off: ${why}`, { cause, networkCode });
}

function isBroken(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
