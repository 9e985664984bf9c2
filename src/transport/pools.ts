import { LRUCache } from "lru-cache";
import { Agent } from "undici";
import type { Clock } from "../kernel/clock.ts";
import type { Reach } from "./address.ts";
import { createConnector } from "./connector.ts";
import type { Network } from "./network.ts";
import { rootsKey } from "./roots.ts";

/** Which connections a request may use. */
export interface Route {
  readonly reach: Reach;
  /** Namespace of the Store that asks; absent: cluster-scoped. */
  readonly tenant?: string;
  /** Only with the registry's own origin (H11). */
  readonly caPem?: string;
}

export interface PoolsOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly connectTimeoutMs: number;
  /** Per origin. */
  readonly connections: number;
}

/** One Agent for each reach, namespace and CA bundle; the one that nobody has used for longest makes room. Those of namespaces among themselves. */
const mostAgents = 64;
/** Node's own servers close idle connections after 5 s and say so; undici believes them. In ms. */
const keepAliveMs = 30_000;

/**
 * Connection pools, one set per reach, namespace and CA bundle, so that no request can ride on a connection that was made under laxer rules, and nobody
 * waits for connections that a namespace keeps busy. HTTP/1.1 on purpose:
 * one request a connection means that a registry which stalls stalls just that one, and that destroying it costs nobody else an answer.
 */
export class Pools {
  readonly #options: PoolsOptions;
  readonly #cluster: LRUCache<string, Agent> = bounded();
  readonly #tenants: LRUCache<string, Agent> = bounded();
  #closed = false;

  constructor(options: PoolsOptions) {
    this.#options = options;
  }

  agent(route: Route): Agent {
    const { reach, tenant, caPem } = route;
    const agents = tenant === undefined ? this.#cluster : this.#tenants;
    const key = JSON.stringify([tenant ?? "", reach, rootsKey(caPem)]);
    const known = agents.get(key);
    if (known !== undefined) return known;
    const { clock, network, connectTimeoutMs, connections } = this.#options;
    const agent = new Agent({
      allowH2: false,
      pipelining: 1,
      connections,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // Deadlines for headers and between chunks are kept in wire.ts, on the injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: createConnector({ clock, network, timeoutMs: connectTimeoutMs, reach, ...(caPem !== undefined && { caPem }) }),
    });
    agents.set(key, agent);
    if (this.#closed) void agent.destroy();
    return agent;
  }

  /** Ends idle connections at once and the others with their request. */
  async close(): Promise<void> {
    this.#closed = true;
    const agents = [...this.#cluster.values(), ...this.#tenants.values()];
    for (const cache of [this.#cluster, this.#tenants]) cache.clear();
    await Promise.allSettled(agents.map((agent) => agent.destroy()));
  }
}

function bounded(): LRUCache<string, Agent> {
  return new LRUCache({
    max: mostAgents,
    // Graceful: requests that are under way end on their own.
    dispose: (agent, _key, reason) => {
      if (reason === "evict") void agent.close();
    },
  });
}
