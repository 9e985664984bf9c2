import type { IncomingMessage } from "node:http";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Counter, Histogram, Metrics } from "../kernel/metrics.ts";
import { Connection, type KubeConfigSource, type Use } from "./connection.ts";
import { readBody, readChunks, sendRequest, StaleConnectionError } from "./exchange.ts";
import { KubeError } from "./kube-error.ts";
import { refusal } from "./status.ts";
import { claimsOf, type TokenClaims } from "../pki/token-claims.ts";

/** A request with JSON both ways. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute, below the server's address: `/apis/apps/v1/deployments`. Segments are percent-encoded already. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Default 16 MiB: ten times the largest object that etcd takes. */
  readonly maxBytes?: number;
  /** For the whole call, pauses and further attempts included. Default 30 s. */
  readonly timeoutMs?: number;
  /** Further attempts after 429 and 5xx that carry a Retry-After. Default 10, as in client-go. */
  readonly retries?: number;
}

/** An answer with a status below 300. */
export interface KubeAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` if there was no body. */
  readonly body: unknown;
}

/** A request whose answer goes on until somebody ends it. */
export interface KubeStreamRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** How long the head of the answer may take, in ms. Default 30 s. */
  readonly timeoutMs?: number;
  /** Longest silence in ms; asked anew for each chunk. */
  readonly idleMs: () => number;
}

/**
 * What the other files of this room, and those to come, ask of an API server. Kept for later: the Lease of the replica that writes (a PUT with the last seen
 * resourceVersion every 2 s) and its ReplicaStatus (an apply every minute) are each a file of their own on `request`.
 */
export interface KubeClient {
  /** Address of the API server, for messages. */
  readonly server: string;
  /** Namespace of the kubeconfig's context, or the one that this pod runs in. */
  readonly namespace: string | undefined;
  /** @throws {KubeError} with any code */
  request(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer>;
  /**
   * Resolves with the head of the answer, so that a refusal is seen here. One attempt. Read it to its end or leave the loop: either destroys the
   * connection, as does `signal`, which should be this stream's own. @throws {KubeError} with any code
   */
  stream(request: KubeStreamRequest, signal: AbortSignal): Promise<AsyncGenerator<Uint8Array, void, void>>;
  /** What our own token says of itself; undefined where we have none, as with a client certificate. @throws {KubeError} KUBE_CREDENTIALS_UNAVAILABLE */
  tokenClaims(signal: AbortSignal): Promise<TokenClaims | undefined>;
  /** Closes all connections. */
  close(): void;
}

/** What a client is made of. */
export interface KubeClientOptions {
  readonly config: KubeConfigSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `countersign/0.1.0`: shows in the server's audit log. */
  readonly userAgent: string;
  /** For jitter, in [0, 1). */
  readonly random: () => number;
}

/** Of a refusal's body so much is read: a Status is a few hundred bytes. */
const maxRefusalBytes = 65_536;
/** A server that closes idle connections at random can spoil each kept one once. */
const maxStaleAttempts = 4;
/** Refused credentials are read again, at most this often (ms): an identity that lacks a right must not start a plug-in with each request. */
const reloadEveryMs = 10_000;

/** Reads the configuration; connects with the first request. @throws {KubeError} KUBE_CONFIG_INVALID */
export async function createKubeClient(options: KubeClientOptions): Promise<KubeClient> {
  return new HttpKubeClient(await Connection.load(options.config), options);
}

class HttpKubeClient implements KubeClient {
  readonly #connection: Connection;
  readonly #options: KubeClientOptions;
  readonly #requests: Counter;
  readonly #duration: Histogram;
  readonly #host: string;
  #reloadedAt = Number.NEGATIVE_INFINITY;

  constructor(connection: Connection, options: KubeClientOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#host = new URL(connection.server).host;
    this.#requests = options.metrics.counter("rest_client_requests_total", "Requests to the API server", ["code", "method", "host"]);
    this.#duration = options.metrics.histogram("rest_client_request_duration_seconds", "Time until the head of the API server's answer", {
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
      labelNames: ["verb", "host"],
    });
  }

  get server(): string {
    return this.#connection.server;
  }

  get namespace(): string | undefined {
    return this.#connection.namespace;
  }

  close(): void {
    this.#connection.close();
  }

  async tokenClaims(signal: AbortSignal): Promise<TokenClaims | undefined> {
    const { headers } = await this.#connection.authenticate("request", signal);
    const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
    return claimsOf(/^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
  }

  async request(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const { clock } = this.#options;
    const timeoutMs = request.timeoutMs ?? 30_000;
    const endsAt = clock.monotonic() + timeoutMs;
    using deadline = clock.deadline(timeoutMs, signal);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#readAnswer(request, deadline.signal);
      } catch (error) {
        signal.throwIfAborted();
        if (deadline.signal.aborted) throw new KubeError("KUBE_TIMEOUT", `${this.#nameOf(request)} took longer than ${timeoutMs} ms`);
        const pauseMs = attempt < (request.retries ?? 10) ? this.#pauseAfter(error) : undefined;
        if (pauseMs === undefined || clock.monotonic() + pauseMs >= endsAt) throw error;
        await clock.sleep(pauseMs, deadline.signal).catch(() => signal.throwIfAborted());
      }
    }
  }

  async stream(request: KubeStreamRequest, signal: AbortSignal): Promise<AsyncGenerator<Uint8Array, void, void>> {
    signal.throwIfAborted(); // it would not abort once more
    const { clock } = this.#options;
    const timeoutMs = request.timeoutMs ?? 30_000;
    // The timer ends with the head of the answer, the caller's signal goes on: hence a controller between the two.
    const lifetime = new AbortController();
    using head = clock.deadline(timeoutMs, signal);
    head.signal.addEventListener("abort", () => lifetime.abort(head.signal.reason), { once: true });
    try {
      const answer = await this.#open({ method: "GET", path: request.path, query: request.query }, "watch", lifetime.signal);
      signal.addEventListener("abort", () => lifetime.abort(signal.reason), { once: true });
      return readChunks(answer, { what: this.#nameOf(request), clock, idleMs: request.idleMs }, lifetime.signal);
    } catch (error) {
      signal.throwIfAborted();
      throw head.signal.aborted ? new KubeError("KUBE_TIMEOUT", `${this.#nameOf(request)} was not answered within ${timeoutMs} ms`) : error;
    }
  }

  async #readAnswer(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const answer = await this.#open(request, "request", signal);
    const content = await readBody(answer, { what: this.#nameOf(request), maxBytes: request.maxBytes ?? 16 * 1024 * 1024 }, signal);
    try {
      return { status: answer.statusCode ?? 0, body: content === "" ? undefined : JSON.parse(content) };
    } catch {
      // The parser's own message would quote the content.
      throw new KubeError("KUBE_PROTOCOL_VIOLATION", `${this.#nameOf(request)} was answered with something that is not JSON`);
    }
  }

  /** A request as messages name it. */
  #nameOf({ method = "GET", path }: { readonly method?: string; readonly path: string }): string {
    return `${method} ${this.server}${path}`;
  }

  /** The answer's head, once it says that the request was served; a refused credential is read again and tried once more. */
  async #open(request: KubeRequest, use: Use, signal: AbortSignal): Promise<IncomingMessage> {
    for (let reloaded = false; ; reloaded = true) {
      const answer = await this.#send(request, use, signal);
      const status = answer.statusCode ?? 0;
      if (status < 300) return answer;
      const content = await readBody(answer, { what: request.path, maxBytes: maxRefusalBytes }, signal).catch((error: unknown) => {
        if (error instanceof KubeError) return ""; // its status is what counts
        throw error;
      });
      const retried = status === 401 && !reloaded && (await this.#reload());
      if (!retried)
        throw refusal(this.#nameOf(request), { status, headers: answer.headers, body: parsed(content) }, this.#options.clock.now());
    }
  }

  async #send(request: KubeRequest, use: Use, signal: AbortSignal): Promise<IncomingMessage> {
    const { clock, userAgent } = this.#options;
    const url = new URL(this.server + request.path);
    url.search = new URLSearchParams(request.query).toString();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const headers = {
      accept: "application/json",
      "user-agent": userAgent,
      ...(body !== undefined && {
        "content-type": request.contentType ?? "application/json",
        "content-length": String(Buffer.byteLength(body)),
      }),
    };
    for (let attempt = 1; ; attempt += 1) {
      const identity = await this.#connection.authenticate(use, signal);
      const startedAt = clock.monotonic();
      let code = "<error>"; // as in client-go: no answer at all
      try {
        const answer = await sendRequest(
          {
            method: request.method,
            url,
            headers: { ...identity.headers, ...headers },
            options: identity.options,
            ...(body !== undefined && { body }),
          },
          signal,
        );
        code = String(answer.statusCode ?? 0);
        return answer;
      } catch (error) {
        if (!(error instanceof StaleConnectionError) || attempt === maxStaleAttempts) throw error;
      } finally {
        this.#requests.add(1, { code, method: request.method, host: this.#host });
        this.#duration.observe((clock.monotonic() - startedAt) / 1000, { verb: request.method, host: this.#host });
      }
    }
  }

  /** Only what the server itself told us to repeat: anything else is for the caller's own backoff. */
  #pauseAfter(error: unknown): number | undefined {
    if (!(error instanceof KubeError) || error.status === undefined || error.retryAfterMs === undefined) return undefined;
    if (error.status !== 429 && error.status < 500) return undefined;
    return error.retryAfterMs * (1 + this.#options.random() / 4);
  }

  async #reload(): Promise<boolean> {
    const { clock, logger } = this.#options;
    if (clock.monotonic() - this.#reloadedAt < reloadEveryMs) return false;
    this.#reloadedAt = clock.monotonic();
    logger.info("the API server refused our credentials; reading them again", { server: this.server });
    await this.#connection.reload();
    return true;
  }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return undefined; // plain text, as of an overloaded server's 429
  }
}
