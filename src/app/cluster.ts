import { apiVersion, group, kindTable, version } from "../api/kinds.ts";
import { createKubeClient, type KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import { retainLabels } from "../kube/object.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { AmbientIdentity } from "../keychain/cloud.ts";
import type { Collection } from "../kube/resource.ts";
import type { KubeConfigSource } from "../kube/connection.ts";
import { KubeSource } from "../kube/source.ts";
import { KubeStatusSink } from "../kube/status-apply.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { materialKinds } from "../snapshot/material.ts";
import type { Transport } from "../transport/transport.ts";
import { StatusWriter } from "../operator/status-writer.ts";
import { readStatus } from "../operator/status-read.ts";
import { adoptStatus } from "../health/adopt-status.ts";
import { Core } from "./core.ts";
import { ClusterTokens } from "./service-account-tokens.ts";
import { materialNeeds, materialPlurals, retainUsable } from "./material-needs.ts";

export interface ClusterOptions {
  readonly config: KubeConfigSource;
  readonly namespace: string;
  readonly fileRoot?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly newId: () => string;
  readonly version: string;
  /** Name of this pod, as it stands in events. Default `countersign`. */
  readonly instance?: string;
  /** False: every verification is done anew. Default true. */
  readonly rememberVerdicts?: boolean;
  /** What the environment of this process says about its identity in a cloud; default: nothing. */
  readonly ambient?: AmbientIdentity;
  /** Replaces connections and name look-ups in tests, below every guard. */
  readonly transport?: Transport;
}

/** Names the owner of our status fields: the same in every replica and version, or two of them would keep each other's fields. */
const fieldManager = "countersign";

export interface Obstacle {
  readonly error: Error;
  /** `refused`: this user may not; `unknown`: the kind is not there; `other`: may pass. */
  readonly kind: "refused" | "unknown" | "other";
}

/** A composition on an API server. Reading is all that a command does; `run` is what makes it the operator. */
export class Cluster implements AsyncDisposable {
  readonly core: Core;
  readonly source: KubeSource;
  readonly #client: KubeClient;
  readonly #writer: StatusWriter;
  readonly #events: EventRecorder;

  private constructor(options: ClusterOptions, client: KubeClient) {
    const { clock, logger, metrics, random } = options;
    this.#client = client;
    this.source = new KubeSource({
      collections: [namespaces, ...ownCollections(), ...materials.map((collection) => ({ ...collection, namespace: options.namespace }))],
      tenants: { materials, needs: materialNeeds },
      client,
      clock,
      logger,
      metrics,
      random,
    });
    this.core = new Core({
      ...options,
      source: this.source,
      tokens: new ClusterTokens({ client, namespace: options.namespace, clock }),
      adopt: ({ kind, id }, object) => {
        // Read when the Store is first seen, and never again.
        const raw = this.source.objects(kind).get(id) as { readonly status?: unknown } | undefined;
        const status = readStatus("Store", raw?.status);
        return status === undefined ? undefined : adoptStatus(status, object);
      },
      changed: (keys) => this.#writer.enqueue(keys),
    });
    this.#events = new EventRecorder({
      client,
      ...{ clock, logger, metrics, random },
      controller: `${group}/operator`,
      instance: (options.instance ?? "countersign").slice(0, 128),
    });
    this.#writer = new StatusWriter({
      source: this.source,
      events: {
        record: ({ kind, namespace, name, uid, ...event }) =>
          this.#events.record({
            ...event,
            regarding: { apiVersion, kind, ...(namespace !== undefined && { namespace }), name, uid },
          }),
      },
      sink: new KubeStatusSink({ client, collections: ownCollections(), fieldManager }),
      holder: this.core.holder,
      health: (key) => this.core.prober.health(key),
      clock,
      logger,
      metrics,
      random,
      newId: options.newId,
    });
  }

  /** Reads the kubeconfig; connects with the first request. @throws KubeError KUBE_CONFIG_INVALID */
  static async open(options: ClusterOptions): Promise<Cluster> {
    const client = await createKubeClient({
      config: options.config,
      clock: options.clock,
      logger: options.logger,
      metrics: options.metrics,
      userAgent: `countersign/${options.version}`,
      random: options.random,
    });
    return new Cluster(options, client);
  }

  get client(): KubeClient {
    return this.#client;
  }

  /** Why a kind cannot be listed, if one cannot: `refused` and `unknown` are the server's own no, which waiting does not change. */
  get obstacle(): Obstacle | undefined {
    const failures = this.source.health().flatMap(({ failure }) => failure ?? []);
    const answered = (...statuses: readonly number[]): Error | undefined =>
      failures.find((failure) => failure instanceof KubeError && statuses.includes(failure.status ?? 0));
    const [refused, unknown, first] = [answered(401, 403), answered(404), failures[0]];
    if (refused !== undefined) return { error: refused, kind: "refused" };
    if (unknown !== undefined) return { error: unknown, kind: "unknown" };
    return first === undefined ? undefined : { error: first, kind: "other" };
  }

  /** Probes, and writes status and events, until `signal` aborts; then resolves, when the writes on their way have ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.core.run(signal), this.#writer.run(signal), this.#events.run(signal)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]();
    this.#client.close();
  }
}

/** Cluster-scoped kinds by name, their twins by namespace and name. */
function ownCollections(): readonly Collection[] {
  return Object.values(kindTable).map(({ plural, kind, scope }) => ({
    resource: { group, version, plural, kind },
    ...(scope === "Namespaced" && { namespace: "*" }),
  }));
}

/** What objects of ours refer to; of which namespaces is not said here. */
const materials: readonly Collection[] = materialKinds.map((kind) => ({
  resource: { version: "v1", plural: materialPlurals[kind], kind },
  ...(kind === "Secret" && { retain: retainUsable }),
}));

/** For the labels that policies select by. */
const namespaces: Collection = { resource: { version: "v1", plural: "namespaces", kind: "Namespace" }, retain: retainLabels };
