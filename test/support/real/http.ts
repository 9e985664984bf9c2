import type { IncomingHttpHeaders } from "node:http";
import * as http from "node:http";
import * as https from "node:https";

/** One HTTP request of a test, by node's own client: independent of the code under test. */
export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** PEM of what to trust for https; a client certificate if the server wants one. */
  readonly ca?: string | undefined;
  readonly cert?: string;
  readonly key?: string;
  /** Takes any server certificate: for asking whether something answers at all. */
  readonly insecure?: boolean;
  /** Default 10 s, for the whole exchange. */
  readonly timeoutMs?: number;
}

/** The whole answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends one request on a connection of its own and reads the whole answer; follows nothing, retries nothing. */
export function send(url: string | URL, options: HttpRequest = {}): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const client = target.protocol === "https:" ? https : http;
    const { method = "GET", headers = {}, ca, cert, key } = options;
    const signal = AbortSignal.timeout(options.timeoutMs ?? 10_000);
    const request = client.request(
      target,
      { method, headers, agent: false, signal, ca, cert, key, rejectUnauthorized: options.insecure !== true },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
      },
    );
    request.once("error", reject);
    request.end(options.body);
  });
}
