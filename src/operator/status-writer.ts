import { type Kind, kinds } from "../api/object.ts";
import type { Reachability } from "../health/store-health.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Counter, Metrics } from "../kernel/metrics.ts";
import { runWorkers, type Reconciled } from "../kube/worker.ts";
import { WorkQueue } from "../kube/work-queue.ts";
import type { SnapshotHolder } from "../snapshot/holder.ts";
import type { ResourceSource, StatusSink } from "./ports.ts";
import { heartbeatInterval, needsWrite } from "./status-difference.ts";
import { isPending, statusOf } from "./status-of.ts";
import { readStatus } from "./status-read.ts";

export interface StatusWriterDeps {
  readonly source: ResourceSource;
  readonly sink: StatusSink;
  readonly holder: SnapshotHolder;
  readonly health: (key: string) => Reachability | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly newId: () => string;
  /** Overrides the shortest heartbeat (10 min) in tests. */
  readonly shortestHeartbeatMs?: number;
}

type Key = `${Kind}/${string}`;
interface Written {
  readonly at: number;
  /** What the server kept of it: a field that an older schema prunes must not be written for ever. */
  readonly desired: string;
  readonly echo: unknown;
  readonly resourceVersion: string;
}

/** So many writes of one status with nothing kept of what differs, and it is left alone until the object changes (operator.md 4, fault 13). */
const concurrency = 4;

/** Brings the status of every object in line with what is known, and writes only differences; the only writer of statuses. */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #queue: WorkQueue<Key>;
  readonly #written = new Map<Key, Written>();
  readonly #pendingSince = new Map<Key, number>();
  readonly #startedAt: number;
  readonly #writes: Counter;

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
    this.#queue = new WorkQueue({ name: "status", clock: deps.clock, metrics: deps.metrics });
    this.#writes = deps.metrics.counter("countersign_status_writes_total", "Status writes by why they were made", ["reason"]);
  }

  /** `Kind/name` of objects whose status may have to change. */
  enqueue(keys: Iterable<string>): void {
    for (const key of keys) if (isKey(key)) this.#queue.add(key);
  }

  /** Works until `signal` aborts, then resolves when no write is on its way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics, newId } = this.#deps;
    await runWorkers(
      {
        name: "status",
        queue: this.#queue,
        reconcile: (key, pass, aborted) => this.#reconcile(key, pass, aborted),
        concurrency,
        newId,
        clock,
        logger,
        metrics,
      },
      signal,
    );
    // Keys that wait for their hour would keep the process alive.
    this.#queue.shutDown();
  }

  async #reconcile(key: Key, pass: { readonly reconcileID: string }, signal: AbortSignal): Promise<Reconciled> {
    const { clock, holder, logger, random, sink, source } = this.#deps;
    const [kind, name] = split(key);
    const raw = source.objects(kind).get(name);
    const snapshot = holder.current;
    if (raw === undefined || snapshot === undefined) return this.#forget(key);
    const { generation, resourceVersion, status } = describe(raw);
    const known = this.#written.get(key);
    // Our own write is on its way back through the watch: until then the cache holds what was before it.
    const standing =
      known !== undefined && known.resourceVersion !== resourceVersion && known.desired !== "" ? (known.echo ?? status) : status;
    const now = clock.now();
    const before = readStatus(kind, standing);
    const context = { snapshot, health: this.#deps.health, now, standing };
    const desired = statusOf({ kind, name }, context);
    // The snapshot does not hold this generation yet: its publication brings the key back.
    if (desired === undefined || desired.observedGeneration !== generation) return { next: "change" };
    const pendingSince = this.#pending(key, isPending({ kind, name }, context), now);
    const decision = needsWrite(desired, before, {
      now,
      startedAt: this.#startedAt,
      heartbeatMs: heartbeatInterval({
        objects: snapshot.stores.size,
        intervalMs: snapshot.stores.get(name)?.spec?.healthCheck.intervalMs ?? 0,
        random: random(),
        ...(this.#deps.shortestHeartbeatMs !== undefined && { shortestMs: this.#deps.shortestHeartbeatMs }),
      }),
      ...(known !== undefined && { writtenAt: known.at }),
      ...(pendingSince !== undefined && { pendingSince }),
    });
    if (decision === "none") return { next: "change" };
    if (typeof decision === "object") return { next: "after", ms: decision.after };
    const text = JSON.stringify(desired);
    if (known?.desired === text) return { next: "change" }; // the server does not keep what differs: an older schema prunes it
    const outcome = await sink.apply({ kind, name, resourceVersion, status: desired }, signal);
    switch (outcome.outcome) {
      case "gone":
        return this.#forget(key);
      case "conflict":
        logger.debug("the object has changed since its status was judged", { reconcileID: pass.reconcileID, object: key });
        return { next: "retry" };
      case "applied":
        this.#writes.add(1, { reason: decision === "now" ? "transition" : "heartbeat" });
        this.#written.set(key, { at: now, desired: text, echo: outcome.echo, resourceVersion: outcome.resourceVersion });
        logger.info("status written", { reconcileID: pass.reconcileID, object: key, ready: readyOf(desired) });
        return { next: "change" };
    }
  }

  #pending(key: Key, pending: boolean, now: number): number | undefined {
    if (!pending) {
      this.#pendingSince.delete(key);
      return undefined;
    }
    const since = this.#pendingSince.get(key) ?? now;
    this.#pendingSince.set(key, since);
    return since;
  }

  #forget(key: Key): Reconciled {
    this.#written.delete(key);
    this.#pendingSince.delete(key);
    return { next: "change" };
  }
}

function isKey(key: string): key is Key {
  return kinds.some((kind) => key.startsWith(`${kind}/`));
}

function split(key: Key): readonly [Kind, string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash) as Kind, key.slice(slash + 1)]; // isKey has checked the kind
}

function describe(raw: unknown): { readonly generation: number; readonly resourceVersion: string; readonly status: unknown } {
  const { metadata, status } = raw as {
    readonly metadata?: { readonly generation?: unknown; readonly resourceVersion?: unknown };
    readonly status?: unknown;
  };
  const generation = metadata?.generation;
  const resourceVersion = metadata?.resourceVersion;
  return {
    generation: typeof generation === "number" ? generation : 0,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : "",
    status,
  };
}

function readyOf(status: {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] | undefined;
}): string {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? "Unknown" : `${ready.status}/${ready.reason}`;
}
