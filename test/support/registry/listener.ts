import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

export interface ListenerOptions {
  /** Default 0: one that is free. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly hostname?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** One port that can be closed and opened again. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #handler: Handler;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port: number;

  constructor(options: ListenerOptions, handler: Handler) {
    this.#options = options;
    this.#handler = handler;
    this.#port = options.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const { tls, hostname = "127.0.0.1" } = this.#options;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      // A client that goes away in the middle is what half of the tests are about.
      response.on("error", () => {});
      this.#handler(request, response).catch(() => response.destroy());
    };
    const server = tls === undefined ? createHttpServer(listener) : createHttpsServer({ key: tls.key, cert: tls.cert }, listener);
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("tlsClientError", () => {});
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, hostname, () => resolve());
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
