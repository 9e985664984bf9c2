import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { raceSignal } from "../kernel/clock.ts";
import { CodedError, systemReason } from "../kernel/error.ts";
import type { Logger } from "../kernel/logger.ts";
import { redactText } from "./redact.ts";

/** `TELEMETRY_LISTEN_FAILED`: the port is taken or may not be used. */
export class TelemetryError extends CodedError<"TELEMETRY_LISTEN_FAILED"> {}

/** One condition: `undefined` while it holds, else why it does not, in words that may be shown to anyone who can reach the port. */
export interface Check {
  readonly name: string;
  readonly failure: () => string | undefined;
}

/** What is served, and where. */
export interface EndpointOptions {
  /** `127.0.0.1` by default; `::` for all addresses, as a kubelet's probe needs. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** For `/healthz`: failing, the kubelet restarts us. */
  readonly health: readonly Check[];
  /** For `/readyz`: failing, no traffic comes. Nothing outside of the process belongs here: a registry that is down would take out every replica at once. */
  readonly readiness: readonly Check[];
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly logger: Logger;
}

/** Connections beyond these are closed at once; a Prometheus and a kubelet need three. */
const maxConnections = 64;

/** A plain HTTP listener for `/healthz`, `/readyz` and `/metrics`. It reads no bodies and shows nothing secret. */
export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #server: Server;
  #isStopping = false;

  private constructor(options: EndpointOptions) {
    this.#options = options;
    this.#server = createServer(
      { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 5000, connectionsCheckingInterval: 1000 },
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => {
          options.logger.error("the endpoint failed", { ...(error instanceof Error && { error }) });
          response.destroy();
        });
      },
    );
    this.#server.maxConnections = maxConnections;
  }

  /** Listens. @throws {TelemetryError} TELEMETRY_LISTEN_FAILED */
  static async listen(options: EndpointOptions): Promise<Endpoint> {
    const endpoint = new Endpoint(options);
    const host = options.host ?? "127.0.0.1";
    try {
      endpoint.#server.listen(options.port, host);
      await once(endpoint.#server, "listening");
    } catch (error) {
      throw new TelemetryError("TELEMETRY_LISTEN_FAILED", `Cannot listen on ${host}:${options.port}: ${systemReason(error)}`, {
        cause: error,
        remedy: "fix-configuration",
      });
    }
    return endpoint;
  }

  /** The port that is listened on. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0; // an object for every TCP listener
  }

  /** From now on `/readyz` fails, so that no new traffic comes, while all is still served. */
  stopReadiness(): void {
    this.#isStopping = true;
  }

  /** Ends the listener; requests under way are answered until `signal` aborts. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    try {
      await raceSignal(closed, signal);
    } catch {
      this.#server.closeAllConnections(); // time is up
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume(); // whatever body there is, unread
    if (this.#isStopping) response.setHeader("connection", "close");
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      send(response, 405, "method not allowed\n");
      return;
    }
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const isVerbose = /(^|&)verbose(=|&|$)/.test(query);
    switch (path) {
      case "/healthz":
        this.#report(response, { checks: this.#options.health, isVerbose });
        return;
      case "/readyz":
        this.#report(response, { checks: [this.#shutdownCheck(), ...this.#options.readiness], isVerbose });
        return;
      case "/metrics": {
        const text = await this.#options.metrics.text();
        send(response, 200, text, this.#options.metrics.contentType);
        return;
      }
      default:
        send(response, 404, "not found\n");
    }
  }

  #shutdownCheck(): Check {
    return { name: "shutdown", failure: () => (this.#isStopping ? "shutting down" : undefined) };
  }

  /** The text of kube-apiserver's own health endpoints, which people read already. */
  #report(response: ServerResponse, report: { readonly checks: readonly Check[]; readonly isVerbose: boolean }): void {
    const results = report.checks.map((check) => ({ name: check.name, failure: this.#run(check) }));
    const isFailed = results.some((result) => result.failure !== undefined);
    if (!isFailed && !report.isVerbose) {
      send(response, 200, "ok\n");
      return;
    }
    const lines = results.map(({ name, failure }) =>
      failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${redactText(failure)}`,
    );
    send(response, isFailed ? 503 : 200, `${lines.join("\n")}\n${isFailed ? "check failed" : "check passed"}\n`);
  }

  #run(check: Check): string | undefined {
    try {
      return check.failure();
    } catch (error) {
      this.#options.logger.error("a health check failed to run", { check: check.name, ...(error instanceof Error && { error }) });
      return "could not be run"; // fail closed
    }
  }
}

function send(response: ServerResponse, status: number, body: string, contentType = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
