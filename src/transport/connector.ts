import { isIP, type Socket } from "node:net";
import { createSecureContext, getCACertificates } from "node:tls";
import { buildConnector } from "undici";
import { type Clock, raceSignal } from "../kernel/clock.ts";
import { type AddressRefusal, isInnerName, type Reach, refuseAddress } from "./address.ts";
import { addressesOf, type Address, type Network } from "./network.ts";
import { failed } from "./transport-error.ts";

/** What a connection must keep to. */
export interface ConnectorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly reach: Reach;
  /** Name, TCP and TLS together, in ms. */
  readonly timeoutMs: number;
  /** Trusted beside the system's roots. */
  readonly caPem?: string;
}

/** More addresses than this behind one name are not looked at. */
const mostAddresses = 16;

/**
 * undici's way to a socket: resolve, judge every address (H9), connect to just those, then TLS for the name that was asked for. A name that has one
 * address out of reach is refused whole: it is either a mistake or rebinding.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { clock, network, reach, timeoutMs } = options;
  const roots = [options.caPem, network.caPem].filter((pem) => pem !== undefined);
  const secure = buildConnector({
    allowH2: false,
    timeout: 0, // ours covers it, on the injected clock
    ...(roots.length > 0 && { secureContext: createSecureContext({ ca: [...getCACertificates("default"), ...roots] }) }),
  });
  return (target, callback) => {
    const deadline = clock.deadline(timeoutMs);
    let socket: Socket | undefined;
    let done = false;
    const finish = (error: Error | undefined, connected?: Socket): void => {
      if (done) {
        connected?.destroy();
        return;
      }
      done = true;
      deadline[Symbol.dispose]();
      if (error === undefined && connected !== undefined) callback(null, connected);
      else {
        socket?.destroy();
        callback(error ?? failed("Internal", target.host ?? target.hostname, "no socket"), null);
      }
    };
    const host = target.host ?? target.hostname;
    deadline.signal.addEventListener("abort", () => finish(failed("Timeout", host, `no connection within ${timeoutMs} ms`)), {
      once: true,
    });
    const port = target.port === "" ? (target.protocol === "https:" ? 443 : 80) : Number(target.port);
    raceSignal(vetted(target.hostname, { host, network, reach }), deadline.signal).then(
      (addresses) => {
        if (done) return;
        const raw = network.dial(addresses, port);
        socket = raw;
        raw.on("error", (error) => finish(error));
        raw.once("close", () => finish(failed("ConnectionReset", host, "the connection was closed before it was made")));
        raw.once("connect", () => {
          if (target.protocol !== "https:") finish(undefined, raw);
          else secure({ ...target, httpSocket: raw }, (error, connected) => finish(error ?? undefined, connected ?? undefined));
        });
      },
      (error: unknown) => finish(error instanceof Error ? error : failed("Internal", host, "the name could not be looked up")),
    );
  };
}

interface VetOptions {
  readonly host: string;
  readonly network: Network;
  readonly reach: Reach;
}

async function vetted(hostname: string, { host, network, reach }: VetOptions): Promise<readonly Address[]> {
  const isTenant = reach === "tenant";
  if (isTenant && isInnerName(hostname)) throw failed("UnsafeEndpoint", host, ofTenant);
  // With its last dot a name is whole: without it `db.team-b` would be looked for in the cluster first.
  const name = isTenant && isIP(hostname) === 0 && !hostname.endsWith(".") ? `${hostname}.` : hostname;
  const addresses = (await addressesOf(name, network)).slice(0, mostAddresses);
  if (addresses.length === 0) throw failed("DNSFailure", host, "the host name has no address");
  for (const { address } of addresses) {
    const refusal = refuseAddress(address, reach);
    if (refusal !== undefined) throw failed("UnsafeEndpoint", host, reach === "tenant" ? ofTenant : describe(refusal, reach));
  }
  return addresses;
}

/** The same whatever is there: a namespaced object is no means of finding out what names stand for inside. And how an administrator vouches for a host. */
const ofTenant =
  "this host is not public, and an object of a namespace reaches it only by a cluster-scoped AuthProvider whose allowedNamespaces has the namespace";

/** Without the address: what a name resolves to inside is nothing to tell the author of a pod (design 7). */
function describe(refusal: AddressRefusal, reach: Exclude<Reach, "tenant">): string {
  switch (refusal) {
    case "NotAnAddress":
      return "the host name resolves to something that is no address";
    case "Reserved":
      return "the host is link-local, a metadata service, unspecified or multicast";
    case "Private":
      return reach === "public"
        ? "the host is in a private network, where only a registry may be that a scope or an AuthProvider names"
        : "the host is in a private network";
    case "NotInstance":
      return "the host is no metadata service of a cloud";
  }
}
