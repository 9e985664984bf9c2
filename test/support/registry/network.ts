import { connect } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Network } from "../../../src/transport/network.ts";

/** Where a name leads: the address that guards see, and the port on this machine that really answers. */
export interface VirtualHost {
  /** Default 203.0.113.<n>, which is public to every guard. */
  readonly address?: string;
  readonly port: number;
}

export interface VirtualNetwork extends Network {
  /** `address:port` of every connection that was made. */
  readonly dialled: string[];
  /** Names that were looked up. */
  readonly lookedUp: string[];
}

/**
 * Names and addresses below the transport's guards: `registry.acme.io` may seem to live anywhere, and is answered on 127.0.0.1. Keys are `host` or `host:port`
 * as a URL has them; what is not named does not resolve, and an address that nobody has refuses the connection.
 */
export function virtualNetwork(hosts: Readonly<Record<string, VirtualHost>>): VirtualNetwork {
  const ports = new Map<string, number>();
  const addresses = new Map<string, string>();
  for (const [at, [name, host]] of Object.entries(hosts).entries()) {
    const [, hostname = name, port = "443"] = /^(.*?)(?::(\d+))?$/.exec(name) ?? [];
    const address = addresses.get(hostname) ?? host.address ?? (/^[\d.]+$/.test(hostname) ? hostname : `203.0.113.${at + 1}`);
    addresses.set(hostname, address);
    ports.set(`${address}:${port}`, host.port);
  }
  const dialled: string[] = [];
  const lookedUp: string[] = [];
  return {
    dialled,
    lookedUp,
    lookup: async (hostname) => {
      lookedUp.push(hostname);
      const address = addresses.get(hostname.replace(/\.$/, ""));
      if (address === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
      return [{ address, family: address.includes(":") ? 6 : 4 }];
    },
    dial: ([first], port) => {
      const key = `${first?.address}:${port}`;
      dialled.push(key);
      // Port 1 is nobody's: ECONNREFUSED.
      return connect({ host: "127.0.0.1", port: ports.get(key) ?? (first?.address === "127.0.0.1" ? port : 1) });
    },
  };
}

/** Trusts a test's authority in this process, as a system that has it among its roots would; only for hosts that have no CA bundle of their own. */
export function trustAuthority(pem: string): void {
  setDefaultCACertificates([...getCACertificates("default"), pem]);
}
