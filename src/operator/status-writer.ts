import { baseKind, decodeMeta, isResourceKind, type ObjectMeta, type ResourceKind } from "../api/object.ts";
import { ownValue } from "../api/walk.ts";
import type { Reachability } from "../health/store-health.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Counter, Metrics } from "../kernel/metrics.ts";
import { runWorkers, type Reconciled } from "../kube/worker.ts";
import { WorkQueue } from "../kube/work-queue.ts";
import type { SnapshotHolder } from "../snapshot/holder.ts";
import type { EventSink, ObjectEvent, ResourceSource, StatusSink } from "./ports.ts";
import { heartbeatInterval, needsWrite } from "./status-difference.ts";
import { statusEvent } from "./status-event.ts";
import { isPending, nextMoment, statusOf, uidOf } from "./status-of.ts";
import { readStatus } from "./status-read.ts";

export interface StatusWriterDeps {
  readonly source: ResourceSource;
  readonly sink: StatusSink;
  /** Told of each change of `Ready`, once it is written. */
  readonly events?: EventSink;
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

type Key = `${ResourceKind}/${string}`;
/** The last status that this process wrote of an object. */
interface Written {
  readonly uid: string;
  /** Epoch ms. */
  readonly at: number;
  /** Of the object as the cache had it then. While it still has it so, our own write is on its way back through the watch, and `echo` is what stands. */
  readonly judgedFrom: string;
  /** The status as the server keeps it. */
  readonly echo: unknown;
}
/** A first judgement of one generation of one object is on its way. */
interface Pending {
  readonly of: string;
  /** Epoch ms. */
  readonly since: number;
}

/** Writes on their way at a time: each waits for etcd, none for another. */
const concurrency = 4;

/** Brings the status of every object in line with what is known, and writes only differences; the only writer of statuses. */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #queue: WorkQueue<Key>;
  readonly #written = new Map<Key, Written>();
  readonly #pending = new Map<Key, Pending>();
  readonly #startedAt: number;
  readonly #writes: Counter;

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
    this.#queue = new WorkQueue({ name: "status", clock: deps.clock, metrics: deps.metrics, groupOf: namespaceOf });
    this.#writes = deps.metrics.counter("countersign_status_writes_total", "Status writes by why they were made", ["reason"]);
  }

  /** `Kind/name`, or `Kind/namespace/name`, of objects whose status may have to change. */
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
        reconcile: async (key, pass, aborted) => this.#untilLater(key, await this.#reconcile(key, pass, aborted)),
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
    const [resourceKind, id] = split(key);
    const raw = source.objects(resourceKind).get(id);
    const snapshot = holder.current;
    if (raw === undefined) return this.#forget(key);
    if (snapshot === undefined) return { next: "change" };
    const object = { kind: baseKind(resourceKind), name: id };
    const { kind } = object;
    const meta = decodeMeta(raw);
    const known = this.#knownOf(key, meta);
    const standing = known?.judgedFrom === meta.resourceVersion ? known.echo : ownValue(raw, "status");
    const now = clock.now();
    const before = readStatus(kind, standing);
    const context = { snapshot, health: this.#deps.health, now, standing };
    const desired = statusOf(object, context);
    // The snapshot does not hold this object, or this generation of it, yet: its publication brings the key back.
    if (desired?.observedGeneration !== meta.generation || uidOf(object, snapshot) !== meta.uid) return { next: "change" };
    const pendingSince = isPending(object, context) ? this.#pendingSince(key, meta) : this.#settled(key);
    const decision = needsWrite(desired, before, {
      now,
      startedAt: this.#startedAt,
      heartbeatMs: heartbeatInterval({
        objects: snapshot.stores.size,
        intervalMs: (kind === "Store" ? snapshot.stores.get(id)?.spec?.healthCheck.intervalMs : undefined) ?? 0,
        random: random(),
        ...(this.#deps.shortestHeartbeatMs !== undefined && { shortestMs: this.#deps.shortestHeartbeatMs }),
      }),
      ...(known !== undefined && { writtenAt: known.at }),
      ...(pendingSince !== undefined && { pendingSince }),
    });
    if (decision === "none") return { next: "change" };
    if (typeof decision === "object") return { next: "after", ms: decision.after };
    const { name, namespace, resourceVersion } = meta;
    const place = { kind: resourceKind, ...(namespace !== undefined && { namespace }), name };
    const outcome = await sink.apply({ ...place, resourceVersion, status: desired }, signal);
    switch (outcome.outcome) {
      case "gone":
        return this.#forget(key);
      case "conflict":
        logger.debug("the object has changed since its status was judged", { reconcileID: pass.reconcileID, object: key });
        return { next: "retry" };
      case "applied":
        this.#writes.add(1, { reason: decision === "now" ? "transition" : "heartbeat" });
        this.#announce(statusEvent({ resourceKind, kind, meta }, before, desired));
        this.#written.set(key, { uid: meta.uid, at: now, judgedFrom: meta.resourceVersion, echo: outcome.echo });
        logger.info("status written", { reconcileID: pass.reconcileID, object: key, ready: readyOf(desired) });
        return { next: "change" };
    }
  }

  #announce(event: ObjectEvent | undefined): void {
    if (event !== undefined) this.#deps.events?.record(event);
  }

  /** A status that is right now may not be any more at an hour that is known already. */
  #untilLater(key: Key, done: Reconciled): Reconciled {
    const [resourceKind, id] = split(key);
    const { clock, holder } = this.#deps;
    if (done.next === "retry" || holder.current === undefined) return done;
    const now = clock.now();
    const moment = nextMoment({ kind: baseKind(resourceKind), name: id }, holder.current, now);
    if (moment === undefined) return done;
    return { next: "after", ms: done.next === "after" ? Math.min(done.ms, moment - now) : moment - now };
  }

  /** What was written of another object of the same name says nothing of this one. */
  #knownOf(key: Key, { uid }: ObjectMeta): Written | undefined {
    const known = this.#written.get(key);
    if (known === undefined || known.uid === uid) return known;
    this.#forget(key);
    return undefined;
  }

  #pendingSince(key: Key, { uid, generation }: ObjectMeta): number {
    const of = `${uid}/${generation}`;
    const known = this.#pending.get(key);
    if (known?.of === of) return known.since;
    const since = this.#deps.clock.now();
    this.#pending.set(key, { of, since });
    return since;
  }

  #settled(key: Key): undefined {
    this.#pending.delete(key);
  }

  #forget(key: Key): Reconciled {
    this.#written.delete(key);
    this.#pending.delete(key);
    return { next: "change" };
  }
}

function isKey(key: string): key is Key {
  return isResourceKind(key.slice(0, Math.max(key.indexOf("/"), 0)));
}

/** The kind, and what the object is known by among those of its kind: its name, with its namespace in front if it has one. */
function split(key: Key): readonly [ResourceKind, string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash) as ResourceKind, key.slice(slash + 1)]; // isKey has checked the kind
}

/** Whose writes wait for each other: those of one namespace, and those of the cluster-scoped objects. */
function namespaceOf(key: string): string {
  const [, namespace, name] = key.split("/");
  return name === undefined ? "" : (namespace ?? "");
}

function readyOf(status: {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] | undefined;
}): string {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? "Unknown" : `${ready.status}/${ready.reason}`;
}
