import { LRUCache } from "lru-cache";
import { objectKey } from "../api/object.ts";
import type { Report } from "../engine/report.ts";
import { ResultCache } from "../engine/result-cache.ts";
import { VerdictCache } from "../engine/verdict-cache.ts";
import { verifyImage } from "../engine/verify-image.ts";
import type { StoreHealth } from "../health/store-health.ts";
import { Prober, type ProbedStore } from "../health/prober.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { parseReference } from "../oci/reference.ts";
import { ConfigLoop } from "../operator/loop.ts";
import type { ResourceSource } from "../operator/ports.ts";
import type { CompiledStore, Snapshot } from "../snapshot/compiled.ts";
import { Compiler } from "../snapshot/compiler.ts";
import { SnapshotHolder } from "../snapshot/holder.ts";
import { Transport } from "../transport/transport.ts";
import { AppError } from "./app-error.ts";
import { createFactories } from "./factories.ts";

export interface CoreOptions {
  readonly source: ResourceSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly fileRoot?: string;
  /** False: every verification is done anew. Default true. */
  readonly rememberVerdicts?: boolean;
  /** What the status of a Store said when this process began; files have none. */
  readonly adopt?: (
    name: string,
    object: { readonly uid: string; readonly generation: number; readonly suspend: boolean },
  ) => StoreHealth | undefined;
  /** The status of these objects may have changed. */
  readonly changed?: (keys: Iterable<string>) => void;
  /** Replaces connections and name look-ups in tests, below every guard. */
  readonly transport?: Transport;
}

/** Which Store listed a location last: two short strings each. */
const rememberedLocations = 10_000;

/** Everything between a source of resources and a verdict; the same in a cluster, with files, and for one command. */
export class Core implements AsyncDisposable {
  readonly holder = new SnapshotHolder();
  readonly prober: Prober;
  readonly #options: CoreOptions;
  readonly #transport: Transport;
  readonly #loop: ConfigLoop;
  readonly #order = new LRUCache<string, string>({ max: rememberedLocations });
  readonly #results = new ResultCache();
  readonly #verdicts: VerdictCache | undefined;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { clock, logger, metrics, random } = options;
    this.#transport = options.transport ?? new Transport({ clock, logger, metrics, random });
    this.prober = new Prober({ clock, logger, random, onChange: (key) => options.changed?.([key]) });
    const factories = createFactories({
      clock,
      transport: this.#transport,
      observe: (store, observation) => this.prober.observe(objectKey("Store", { name: store }), observation),
      ...(options.fileRoot !== undefined && { fileRoot: options.fileRoot }),
    });
    this.#verdicts = options.rememberVerdicts === false ? undefined : new VerdictCache({ clock });
    this.#loop = new ConfigLoop({
      source: options.source,
      compiler: new Compiler(factories),
      holder: this.holder,
      clock,
      logger,
      metrics,
      published: (next, previous) => this.#published(next, previous),
    });
  }

  /** Resolves once the first snapshot is published. */
  start(signal: AbortSignal): Promise<void> {
    return this.#loop.start(signal);
  }

  /** Compiles changes and probes until `signal` aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.prober.run(signal)]);
  }

  /** @throws AppError NOT_READY before the first snapshot, REFERENCE_INVALID */
  async verify(image: string, signal: AbortSignal): Promise<Report> {
    const snapshot = this.snapshot();
    const parsed = parseReference(image);
    if (!parsed.ok) throw new AppError("REFERENCE_INVALID", parsed.message, { remedy: "fix-configuration" });
    const view = snapshot.view(parsed.value.repository);
    const { clock } = this.#options;
    return verifyImage(
      { image, reference: parsed.value, view },
      { clock, memory: this.#order, results: this.#results, ...(this.#verdicts !== undefined && { verdicts: this.#verdicts }) },
      signal,
    );
  }

  /** Epoch ms. */
  now(): number {
    return this.#options.clock.now();
  }

  snapshot(): Snapshot {
    const snapshot = this.holder.current;
    if (snapshot === undefined) throw new AppError("NOT_READY", "The configuration has not been read yet", { remedy: "retry" });
    return snapshot;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport.close();
  }

  #published(next: Snapshot, previous: Snapshot | undefined): void {
    this.prober.sync([...next.stores.values()].flatMap((entry) => this.#probed(entry)));
    this.#options.changed?.(changedKeys(next, previous));
  }

  #probed(entry: CompiledStore): readonly ProbedStore[] {
    const { spec, store, meta } = entry;
    if (spec === undefined || store === undefined) return [];
    const { adopt } = this.#options;
    const identity = { uid: meta.uid, generation: meta.generation, suspend: spec.suspend };
    return [
      {
        key: objectKey("Store", meta),
        uid: meta.uid,
        generation: meta.generation,
        revision: entry.probeRevision,
        intervalMs: spec.healthCheck.intervalMs,
        failureThreshold: spec.healthCheck.failureThreshold,
        suspend: spec.suspend,
        probe: store,
        ...(adopt !== undefined && { adopted: () => adopt(meta.name, identity) }),
      },
    ];
  }
}

/** Objects whose compiled form is another than before; and every AuthProvider when a Store is, since its status counts the Stores that use it. */
function changedKeys(next: Snapshot, previous: Snapshot | undefined): ReadonlySet<string> {
  const keys = new Set<string>();
  const groups = [
    [next.stores, previous?.stores],
    [next.authProviders, previous?.authProviders],
    [next.verifiers, previous?.verifiers],
    [next.keyProviders, previous?.keyProviders],
  ] as const;
  for (const [now, before] of groups) {
    for (const [name, entry] of now) if (before?.get(name) !== entry) keys.add(objectKey(entry.kind, entry.meta));
    for (const [name, entry] of before ?? []) if (!now.has(name)) keys.add(objectKey(entry.kind, entry.meta)); // to be forgotten
  }
  const storesChanged = [...keys].some((key) => key.startsWith("Store/")) || next.stores.size !== previous?.stores.size;
  if (storesChanged) for (const entry of next.authProviders.values()) keys.add(objectKey("AuthProvider", entry.meta));
  return keys;
}
