import type { Secret } from "../kernel/secret.ts";
import { failed } from "./transport-error.ts";
import { exchange, type WireOptions, type WireResponse } from "./wire.ts";

/** As `keychain/` asks for it (`ServiceRequest` there), by shape. */
export interface ServiceExchange {
  readonly url: URL;
  readonly hosts: readonly string[];
  readonly method: "GET" | "POST" | "PUT";
  readonly headers: Readonly<Record<string, Secret>>;
  readonly body?: Secret<Uint8Array>;
  readonly reach: "service" | "instance";
  readonly limitBytes?: number;
}

/** Tokens and their metadata are a few KiB; in bytes. */
const longestAnswer = 65_536;
/** RFC 9110 §5.1; what undici or this machine sets itself is not the SDK's to choose. */
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const ownHeaders: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "expect",
  "upgrade",
  "keep-alive",
  "accept-encoding",
  "cookie",
  "proxy-authorization",
]);

/**
 * Exchanges with the services of clouds, over the connections of this room: resolved names are judged, nothing is followed, every body and every wait is
 * bounded. A host that the request was not made for is refused before anything is looked up.
 */
export class ServiceClient {
  readonly #wire: WireOptions;

  constructor(wire: WireOptions) {
    this.#wire = wire;
  }

  /** @throws TransportError, or the signal's reason once it has aborted */
  async send(request: ServiceExchange, signal: AbortSignal): Promise<WireResponse> {
    const { url, hosts, method, reach } = request;
    const host = url.host;
    if (!hosts.includes(url.hostname))
      throw failed("UnsafeEndpoint", host, "this is no host that the request was made for; nothing was sent");
    if (url.protocol !== "https:" && !(url.protocol === "http:" && reach === "instance"))
      throw failed("UnsafeEndpoint", host, "a cloud's service is asked over TLS only; nothing was sent");
    if (url.username !== "" || url.password !== "") throw failed("UnsafeEndpoint", host, "the URL has a user in it; nothing was sent");
    const headers = new Map<string, Secret>();
    for (const [name, value] of Object.entries(request.headers)) {
      const lower = name.toLowerCase();
      if (headerName.test(lower) && !ownHeaders.has(lower) && value.reveal() !== "") headers.set(lower, value);
    }
    return await exchange(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        // A private endpoint of a cloud's service lies in a private network; its name was built in, or written by an administrator.
        route: { reach: reach === "instance" ? "instance" : "registry" },
        service: { headers, body: request.body },
        limitBytes: request.limitBytes ?? longestAnswer,
        tooLong: "ProtocolError",
      },
      this.#wire,
      signal,
    );
  }
}
