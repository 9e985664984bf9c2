/** A TLS proxy in front of a real registry: records every request as it arrived, and holds answers until a test lets them go. */
import { once } from "node:events";
import { createServer, request as send, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Certificate } from "../support/certificates.ts";

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  /** The head as it stood on the wire, for searches of raw bytes. */
  readonly raw: string;
  readonly authorization: string | undefined;
  status: number;
}
export interface RecordingProxy extends AsyncDisposable {
  readonly host: string;
  readonly requests: ProxiedRequest[];
  /** Called before a request is passed on; what it returns is waited for. */
  gate: (request: ProxiedRequest) => Promise<void> | undefined;
  /** Answers instead of the registry. */
  intercept: (request: ProxiedRequest, response: ServerResponse) => boolean;
}

export async function startProxy(target: {
  readonly host: string;
  readonly ca: string;
  readonly certificate: Certificate;
}): Promise<RecordingProxy> {
  const requests: ProxiedRequest[] = [];
  const [hostname = "", port = ""] = target.host.split(":");
  const server: Server = createServer({ cert: target.certificate.pem, key: target.certificate.keyPem }, (request, response) => {
    void pass(request, response);
  });
  const proxy: RecordingProxy = {
    host: "",
    requests,
    gate: () => undefined,
    intercept: () => false,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) head.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    const record: ProxiedRequest = {
      method: request.method ?? "",
      path: request.url ?? "",
      raw: head.join("\r\n"),
      authorization: request.headers.authorization,
      status: 0,
    };
    requests.push(record);
    await proxy.gate(record);
    if (proxy.intercept(record, response)) return;
    const upstream = send(
      {
        hostname,
        port,
        path: request.url,
        method: request.method,
        headers: { ...request.headers, host: target.host },
        ca: target.ca,
        agent: false,
      },
      (answer) => {
        record.status = answer.statusCode ?? 0;
        response.writeHead(record.status, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", () => response.destroy());
    request.pipe(upstream);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(proxy, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}
