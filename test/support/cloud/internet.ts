import { once } from "node:events";
import {
  createServer as createPlainServer,
  request as plainRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer, type Server as TlsServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Network } from "../../../src/transport/network.ts";
import { createAuthority } from "../certificates.ts";

/** A request as it arrived at one host, and what it was answered (0: not yet, or not at all). */
export interface SeenRequest {
  /** `host`, or `address:80` of a metadata service. */
  readonly site: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  status: number;
}

export interface SiteAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | object;
}

/** What a host does with a request: an answer; `hang`, for ever; `cut`, the connection ends without a word; or everything by itself. */
export type Site = (
  request: SeenRequest,
  wire: { readonly request: IncomingMessage; readonly response: ServerResponse },
) => SiteAnswer | "hang" | "cut" | "handled" | Promise<SiteAnswer | "hang" | "cut" | "handled">;

export interface Internet extends AsyncDisposable {
  /** For `new Transport({ network })`: names, SNI, Host and certificates are as outside, every byte stays on this machine. */
  readonly network: Network;
  /** Where the hosts really listen on this machine, for a network of another process. */
  readonly ports: { readonly secure: number; readonly plain: number };
  /** In the order of arrival, at all hosts. */
  readonly requests: SeenRequest[];
  /** Names that were looked up, also those that do not exist. */
  readonly lookedUp: string[];
  /** What arrived at one host. */
  at(site: string): readonly SeenRequest[];
  /** Adds or replaces a host; undefined takes it away, and its name with it. */
  set(site: string, answer: Site | undefined): void;
}

/**
 * Hosts by name, over real TLS with a certificate for each name (`login.microsoftonline.com`), and metadata services by address, in plain HTTP
 * (`169.254.169.254:80`). They live below the transport's guards: every name seems to have a public address, or the one that `addresses` gives it.
 */
export async function startInternet(
  sites: Readonly<Record<string, Site>>,
  options: { readonly addresses?: Readonly<Record<string, string>> } = {},
): Promise<Internet> {
  const known = new Map(Object.entries(sites));
  const requests: SeenRequest[] = [];
  const lookedUp: string[] = [];
  const authority = createAuthority({ commonName: "internet of the test" });
  const contexts = new Map<string, SecureContext>();
  const serve = (request: IncomingMessage, response: ServerResponse, prefix: string): void => {
    answer({ request, response, site: `${request.headers.host ?? ""}${prefix}`, known, requests }).catch(() => request.destroy());
  };
  const tls = createServer(
    {
      SNICallback: (name, callback) => {
        if (!known.has(name)) {
          callback(new Error("nobody has this name"));
          return;
        }
        const leaf = authority.issue({ dnsNames: [name] });
        const context = contexts.get(name) ?? createSecureContext({ key: leaf.keyPem, cert: leaf.pem });
        contexts.set(name, context);
        callback(null, context);
      },
    },
    (request, response) => serve(request, response, ""),
  );
  const plain = createPlainServer((request, response) => serve(request, response, ":80"));
  const [securePort, plainPort] = [await listen(tls), await listen(plain)];
  const network: Network = {
    caPem: authority.pem,
    lookup: async (hostname) => {
      lookedUp.push(hostname);
      const name = hostname.replace(/\.$/, "");
      if (!known.has(name)) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
      return [{ address: options.addresses?.[name] ?? "203.0.113.7", family: 4 }];
    },
    // Port 1 is nobody's: ECONNREFUSED.
    dial: ([first], port) =>
      connect({
        host: "127.0.0.1",
        port:
          port === 443 ? securePort : known.has(`${first?.family === 6 ? `[${first.address}]` : first?.address}:${port}`) ? plainPort : 1,
      }),
  };
  return {
    network,
    ports: { secure: securePort, plain: plainPort },
    requests,
    lookedUp,
    at: (site) => requests.filter((request) => request.site === site),
    set: (site, handler) => void (handler === undefined ? known.delete(site) : known.set(site, handler)),
    [Symbol.asyncDispose]: async () => {
      for (const server of [tls, plain]) server.closeAllConnections();
      await Promise.all([tls, plain].map((server) => new Promise<void>((done) => server.close(() => done()))));
    },
  };
}

/** Hands every request on to a server of this machine, with the name that it was sent to: a registry behind a cloud's name. */
export function forwardTo(origin: string): Site {
  const { hostname, port } = new URL(origin);
  return (seen, { request, response }) => {
    const onward = plainRequest({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answered) => {
      seen.status = answered.statusCode ?? 0;
      response.writeHead(seen.status, answered.headers);
      answered.pipe(response);
    });
    onward.on("error", () => response.destroy());
    onward.end(seen.body);
    return "handled";
  };
}

async function answer(given: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly site: string;
  readonly known: ReadonlyMap<string, Site>;
  readonly requests: SeenRequest[];
}): Promise<void> {
  const { request, response, site, known, requests } = given;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const seen: SeenRequest = {
    site,
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
    status: 0,
  };
  requests.push(seen);
  const handler = known.get(site);
  const answered = handler === undefined ? { status: 421 } : await handler(seen, { request, response });
  if (answered === "hang" || answered === "handled") return;
  if (answered === "cut") {
    response.destroy();
    return;
  }
  seen.status = answered.status;
  const isJSON = typeof answered.body === "object";
  response.writeHead(answered.status, { ...(isJSON && { "content-type": "application/json" }), ...answered.headers });
  response.end(isJSON ? JSON.stringify(answered.body) : answered.body);
}

async function listen(server: Server | TlsServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
