import { apiVersion } from "../../src/api/kinds.ts";
import { objectId, type ResourceKind } from "../../src/api/object.ts";
import type { Reachability } from "../../src/health/store-health.ts";
import { CodedError } from "../../src/kernel/error.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import type { EventSink, ResourceSource, StatusOutcome, StatusSink, StatusWrite } from "../../src/operator/ports.ts";
import { StatusWriter } from "../../src/operator/status-writer.ts";
import { Compiler } from "../../src/snapshot/compiler.ts";
import { SnapshotHolder } from "../../src/snapshot/holder.ts";
import { CountingFactories } from "../snapshot/fixture.ts";
import type { ManualClock } from "../support/clock.ts";

class ServerError extends CodedError<"SERVER_ERROR"> {}

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly status?: unknown;
}

/** Statuses as an API server keeps them, and a cache that learns of nothing until `deliver` is called. */
export class ModelServer implements ResourceSource, StatusSink {
  readonly #stored = new Map<string, Stored>();
  #cache: ReadonlyMap<string, Stored> = new Map();
  #version = 0;
  /** What was asked for, refused requests included. */
  readonly requests: StatusWrite[] = [];
  /** So many requests to come are answered with 500. */
  failures = 0;

  start(): Promise<void> {
    return Promise.resolve();
  }

  objects(kind: string): ReadonlyMap<string, unknown> {
    const found = [...this.#cache].filter(([key]) => key.startsWith(`${kind}/`));
    return new Map(found.map(([, stored]) => [objectId(stored.metadata), stored]));
  }

  apply(write: StatusWrite): Promise<StatusOutcome> {
    const { kind, resourceVersion, status } = write;
    this.requests.push(write);
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new ServerError("SERVER_ERROR", "500: field not declared in schema", { remedy: "retry" }));
    }
    const key = `${kind}/${objectId(write)}`;
    const stored = this.#stored.get(key);
    if (stored === undefined) return Promise.resolve({ outcome: "gone" });
    if (stored.metadata.resourceVersion !== resourceVersion) return Promise.resolve({ outcome: "conflict" });
    const echo: unknown = JSON.parse(JSON.stringify(status));
    this.setStatus(key, echo);
    return Promise.resolve({ outcome: "applied", echo, resourceVersion: String(this.#version) });
  }

  /** Creates an object, or edits its spec. */
  put(kind: ResourceKind, id: string, spec: unknown): void {
    const before = this.#stored.get(`${kind}/${id}`);
    const [name = "", namespace] = id.split("/").toReversed();
    this.#version += 1;
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: before?.metadata.uid ?? `uid-${this.#version}`,
      generation: (before?.metadata.generation ?? 0) + 1,
      resourceVersion: String(this.#version),
      creationTimestamp: "2026-01-01T00:00:00Z",
    };
    const made: object = { apiVersion, kind, ...before, spec };
    this.#stored.set(`${kind}/${id}`, { ...made, metadata });
  }

  remove(key: string): void {
    this.#stored.delete(key);
  }

  /** As anybody may who can write the status; `undefined` blanks it. */
  setStatus(key: string, status: unknown): void {
    const stored = this.#stored.get(key);
    if (stored === undefined) return;
    this.#version += 1;
    this.#stored.set(key, { ...stored, status, metadata: { ...stored.metadata, resourceVersion: String(this.#version) } });
  }

  statusOf(key: string): unknown {
    return this.#stored.get(key)?.status;
  }

  /** The watch catches up; what has appeared, changed or gone. */
  deliver(): readonly string[] {
    const keys = new Set([...this.#stored.keys(), ...this.#cache.keys()]);
    const changed = [...keys].filter((key) => this.#stored.get(key) !== this.#cache.get(key));
    this.#cache = new Map(this.#stored);
    return changed;
  }
}

/** One life of an operator on the server: snapshot and statuses, without the network between. */
export class Life {
  readonly server: ModelServer;
  readonly clock: ManualClock;
  readonly holder = new SnapshotHolder();
  readonly writer: StatusWriter;
  readonly health = new Map<string, Reachability>();
  readonly factories = new CountingFactories();
  readonly #compiler = new Compiler(this.factories);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(server: ModelServer, clock: ManualClock, events?: EventSink) {
    this.server = server;
    this.clock = clock;
    this.writer = new StatusWriter({
      source: server,
      sink: server,
      ...(events !== undefined && { events }),
      holder: this.holder,
      health: (key) => this.health.get(key),
      clock,
      logger: silentLogger,
      metrics: silentMetrics,
      random: () => 0.5,
      newId: () => "pass",
    });
    this.#running = this.writer.run(this.#stop.signal);
  }

  /** The watch catches up and the loop has compiled. */
  async catchUp(): Promise<void> {
    const keys = this.server.deliver();
    this.compile(keys);
    this.writer.enqueue(keys);
    await this.clock.settle();
  }

  compile(keys: readonly string[]): void {
    this.holder.publish(
      this.#compiler.compile(keys as readonly `${string}/${string}`[], (kind, name) => this.server.objects(kind).get(name)),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("The test has ended", "AbortError"));
    await this.#running;
  }
}
