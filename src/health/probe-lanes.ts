import { FairLimit } from "../kernel/fair-limit.ts";
import { Limit } from "../kernel/limit.ts";
import { DueQueue } from "./due-queue.ts";

/** Probes at a time, of all cluster-scoped Stores (registry-auth 6.2). */
const ofCluster = 4;
/** Once more of all namespaces together, and of each of them: a registry that lets probes run out of time holds up nobody else's. */
const ofTenants = 4;
const ofTenant = 2;

/**
 * What is due, and what is under way: of cluster-scoped Stores in order of time, of namespaces in turns. Nothing that a namespace has to be probed delays what
 * the cluster has, nor what another namespace has for long. Times are those of a monotonic clock.
 */
export class ProbeLanes<T extends object> {
  readonly #tenantOf: (item: T) => string | undefined;
  readonly #clusterDue = new DueQueue<T>();
  readonly #tenantsDue = new DueQueue<T>();
  readonly #cluster = new Limit(ofCluster);
  // Everything that is due waits in it, which is no more than there are Stores.
  readonly #tenants = new FairLimit({
    size: ofTenants,
    waitingPerLane: Number.POSITIVE_INFINITY,
    waitingPerGroup: Number.POSITIVE_INFINITY,
  });

  constructor(tenantOf: (item: T) => string | undefined) {
    this.#tenantOf = tenantOf;
  }

  set(item: T, at: number): void {
    this.#dueOf(item).set(item, at);
  }

  delete(item: T): void {
    this.#dueOf(item).delete(item);
  }

  timeOf(item: T): number | undefined {
    return this.#dueOf(item).timeOf(item);
  }

  /** When there is next something to take. */
  earliest(): number | undefined {
    const times = [this.#isFull() ? undefined : this.#clusterDue.earliest(), this.#tenantsDue.earliest()];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** What is due and may begin, or wait for its namespace's turn. */
  take(now: number): T | undefined {
    return (this.#isFull() ? undefined : this.#clusterDue.take(now)) ?? this.#tenantsDue.take(now);
  }

  async run(item: T, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const tenant = this.#tenantOf(item);
    if (tenant === undefined) return await this.#cluster.run(work, signal);
    return await this.#tenants.run({ group: tenant, shares: [{ key: tenant, most: ofTenant }] }, work, signal);
  }

  #isFull(): boolean {
    return this.#cluster.active >= ofCluster;
  }

  #dueOf(item: T): DueQueue<T> {
    return this.#tenantOf(item) === undefined ? this.#clusterDue : this.#tenantsDue;
  }
}
