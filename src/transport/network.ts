import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";

/** An IP address that a name resolved to. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** What lies below the guards: how names become addresses, and addresses connections. Tests put their own here, and the guards still judge. */
export interface Network {
  /** All addresses of a host name; rejects with a Node error (`ENOTFOUND`, …). */
  lookup(hostname: string): Promise<readonly Address[]>;
  /** A TCP connection to one of `addresses`, which have been vetted: no name is resolved here. */
  dial(addresses: readonly Address[], port: number): Socket;
  /** Trusted beside the system's roots, for every host. */
  readonly caPem?: string;
}

/** Each address gets this long before the next is tried beside it, in ms (RFC 8305 §8: 250). */
const attemptTimeoutMs = 250;

/** DNS and TCP of this machine. */
export const systemNetwork: Network = {
  lookup: async (hostname) => {
    const found = await lookup(hostname, { all: true, order: "verbatim" });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  },
  dial: (addresses, port) => {
    const [first] = addresses;
    const only = addresses.length === 1 ? first : undefined;
    return connect({
      host: only?.address ?? "vetted.invalid",
      port,
      noDelay: true,
      keepAlive: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: attemptTimeoutMs,
      // Only the vetted addresses, whatever the name would resolve to by now (rebinding).
      lookup: (_hostname, options, callback) => {
        const found = addresses.map(({ address, family }) => ({ address, family }));
        if (options.all === true) callback(null, found);
        else callback(null, first?.address ?? "", first?.family ?? 4);
      },
    });
  },
};

/** An IP literal is its own answer. */
export async function addressesOf(hostname: string, network: Network): Promise<readonly Address[]> {
  const family = isIP(hostname);
  if (family !== 0) return [{ address: hostname, family: family === 6 ? 6 : 4 }];
  return await network.lookup(hostname);
}
