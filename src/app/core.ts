import { LRUCache } from "lru-cache";
import { keyOfId, objectId, type ObjectKey, objectKey, type ResourceKind, resourceKind } from "../api/object.ts";
import { ownValue } from "../api/walk.ts";
import { discoverArtifacts } from "../engine/discover.ts";
import type { Discovery } from "../engine/discovery.ts";
import type { ImageRequest } from "../cli/ports.ts";
import { isLayout } from "../cli/layout-image.ts";
import type { Report } from "../engine/report.ts";
import { type ImageResolution, resolveImage } from "../engine/resolve-image.ts";
import { ResultCache } from "../engine/result-cache.ts";
import { VerdictCache } from "../engine/verdict-cache.ts";
import { type Realms, verifyRealms } from "../engine/verify-realms.ts";
import type { AmbientIdentity, ServiceAccountTokens } from "../keychain/cloud.ts";
import type { StoreHealth } from "../health/store-health.ts";
import { Prober, type ProbedStore } from "../health/prober.ts";
import { type Clock, standingClock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import { ConfigLoop } from "../operator/loop.ts";
import type { ResourceSource } from "../operator/ports.ts";
import { viewsOfAnyImage } from "../snapshot/any-image.ts";
import type { CompiledStore, Snapshot } from "../snapshot/compiled.ts";
import { Compiler } from "../snapshot/compiler.ts";
import { SnapshotHolder } from "../snapshot/holder.ts";
import type { NamespaceLabels } from "../snapshot/namespace-selector.ts";
import { record, type Recording } from "../tape/record.ts";
import { Transport } from "../transport/transport.ts";
import { AppError } from "./app-error.ts";
import { noAmbientIdentity, readTokenFile } from "./ambient.ts";
import { PolicyExpressions } from "./expressions.ts";
import { createFactories } from "./factories.ts";
import { layoutDiscovery, layoutRequest, layoutResolution, openLayout } from "./layout.ts";
import { withOmissions } from "./omissions.ts";
import { type RealmsRequest, toRecordRequest } from "./record.ts";

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
    store: { readonly kind: ResourceKind; readonly id: string },
    object: { readonly uid: string; readonly generation: number; readonly suspend: boolean },
  ) => StoreHealth | undefined;
  /** The status of these objects may have changed. */
  readonly changed?: (keys: Iterable<string>) => void;
  /** Replaces connections and name look-ups in tests, below every guard. */
  readonly transport?: Transport;
  /** What the environment of this process says about its identity in a cloud; default: nothing. */
  readonly ambient?: AmbientIdentity;
  /** Absent outside of a cluster. */
  readonly tokens?: ServiceAccountTokens;
}

/** Which Store listed a location last: two short strings each. */
const rememberedLocations = 10_000;
const rememberedProviders = 10_000;

/** Everything between a source of resources and a verdict; the same in a cluster, with files, and for one command. */
export class Core implements AsyncDisposable {
  readonly holder = new SnapshotHolder();
  readonly prober: Prober;
  readonly #options: CoreOptions;
  readonly #expressions: PolicyExpressions;
  readonly #transport: Transport;
  readonly #loop: ConfigLoop;
  readonly #order = new LRUCache<string, string>({ max: rememberedLocations });
  /** Why AuthProviders could not help when they last said so; "": they could, as could those that are not in it. */
  readonly #unavailable = new LRUCache<string, string>({ max: rememberedProviders });
  readonly #results = new ResultCache();
  readonly #verdicts: VerdictCache | undefined;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { clock, logger, metrics, random } = options;
    this.#transport = options.transport ?? new Transport({ clock, logger, metrics, random });
    this.#expressions = new PolicyExpressions({ clock });
    this.prober = new Prober({ clock, logger, random, onChange: (key) => options.changed?.([key]) });
    const factories = createFactories({
      clock,
      transport: this.#transport,
      expressions: this.#expressions,
      observe: (store, observation) => this.prober.observe(keyOfId("Store", store), observation),
      credentialsChanged: (authProvider) => options.changed?.(this.#concernedBy(authProvider)),
      random,
      logger,
      metrics,
      cloud: {
        http: this.#transport.service,
        ambient: options.ambient ?? noAmbientIdentity,
        readFile: readTokenFile,
        ...(options.tokens !== undefined && { tokens: options.tokens }),
      },
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
      prepare: () => this.#expressions.load(),
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

  /**
   * `namespace`: of the object that wants to run the image; absent where there is none, as on the command line.
   * @throws AppError NOT_READY before the first snapshot, REFERENCE_INVALID
   */
  verify(image: string, signal: AbortSignal, namespace?: string): Promise<Report> {
    return this.judge({ image, ...(namespace !== undefined && { inNamespace: namespace }) }, signal);
  }

  /** As `verify`, also of a directory. @throws AppError; CliError for a directory that cannot be used */
  async judge(request: ImageRequest, signal: AbortSignal): Promise<Report> {
    const { at } = request;
    const { clock } = this.#options;
    return verifyRealms(
      await this.#request(request, this.snapshot(), signal),
      {
        clock: at === undefined ? clock : standingClock(clock, at),
        memory: this.#order,
        results: this.#results,
        expressions: this.#expressions.pool,
        // A verdict of another time is none of this one's, and none of those to come.
        ...(this.#verdicts !== undefined && at === undefined && { verdicts: this.#verdicts }),
      },
      signal,
    );
  }

  /** As `judge`, anew, and with everything that the verdict is made of. */
  async record(request: ImageRequest, signal: AbortSignal): Promise<Recording> {
    const snapshot = this.snapshot();
    const recorded = toRecordRequest(await this.#request(request, snapshot, signal), snapshot);
    return record(recorded, { clock: this.#options.clock, expressions: this.#expressions.pool }, signal);
  }

  /** A namespace with its labels, as far as the source knows them. */
  namespaceOf(name: string): NamespaceLabels {
    const raw = this.#options.source.objects("Namespace").get(name);
    if (raw === undefined) return { name };
    const labels = Object.entries(ownValue(ownValue(raw, "metadata"), "labels") ?? {});
    return { name, labels: Object.fromEntries(labels.filter((label): label is [string, string] => typeof label[1] === "string")) };
  }

  /** What the image stands for, without judging it. @throws as `judge` */
  async resolve(image: string, signal: AbortSignal): Promise<ImageResolution> {
    if (isLayout(image)) return layoutResolution(await openLayout(image, this.#options, signal));
    const reference = parsed(image);
    const view = this.snapshot().views(reference.repository).cluster;
    return resolveImage({ image, reference, view }, { clock: this.#options.clock, memory: this.#order }, signal);
  }

  /** What is attached to the image. @throws as `judge` */
  async discover(image: string, signal: AbortSignal): Promise<Discovery> {
    const deps = { clock: this.#options.clock, memory: this.#order };
    if (isLayout(image)) return layoutDiscovery(await openLayout(image, this.#options, signal), deps, signal);
    const reference = parsed(image);
    return discoverArtifacts({ image, reference, view: this.snapshot().views(reference.repository).cluster }, deps, signal);
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
    await Promise.all([this.#transport.close(), this.#expressions[Symbol.asyncDispose]()]);
  }

  async #request({ image, inNamespace, as }: ImageRequest, snapshot: Snapshot, signal: AbortSignal): Promise<RealmsRequest> {
    const known = inNamespace === undefined ? undefined : this.namespaceOf(inNamespace);
    const namespace = known !== undefined && { namespace: known };
    const whole = (realms: Realms): Realms => withOmissions(realms, this.#options.source.omissions?.() ?? []);
    if (isLayout(image)) {
      const layout = await openLayout(image, this.#options, signal);
      const named = as === undefined ? undefined : parsed(as).repository;
      const realms = named === undefined ? viewsOfAnyImage(snapshot, known) : snapshot.views(named, known);
      return { ...layoutRequest(layout, whole(realms), named), ...namespace };
    }
    const reference = parsed(image);
    return { image, reference, realms: whole(snapshot.views(reference.repository, known)), ...namespace };
  }

  #published(next: Snapshot, previous: Snapshot | undefined): void {
    const changed = [...next.changed].flatMap((key) => storeIdOf(key) ?? []);
    const probed = changed.map((id) => ({ id, stores: this.#probed(next.stores.get(id)) }));
    this.prober.update(
      probed.flatMap(({ stores }) => stores),
      probed.flatMap(({ id, stores }) => (stores.length === 0 ? keyOfId("Store", id) : [])),
    );
    this.#options.changed?.(changedKeys(next, previous));
  }

  /** The AuthProvider; and, where it has become able or unable to help, the Stores that may use it: their status tells why there is no credential. */
  #concernedBy(authProvider: string): ReadonlySet<string> {
    const keys = new Set([keyOfId("AuthProvider", authProvider)]);
    const state = this.holder.current?.authProviders.get(authProvider)?.provider.state();
    const why = state === undefined || state.ready ? "" : state.reason;
    const before = this.#unavailable.get(authProvider) ?? "";
    this.#unavailable.set(authProvider, why);
    if (why === before) return keys;
    for (const [id, { view }] of this.holder.current?.stores ?? []) if (view.revisions.has(authProvider)) keys.add(keyOfId("Store", id));
    return keys;
  }

  /** Nothing of a Store that is gone, or invalid. */
  #probed(entry: CompiledStore | undefined): readonly ProbedStore[] {
    if (entry?.spec === undefined || entry.store === undefined) return [];
    const { spec, store, meta } = entry;
    const { adopt } = this.#options;
    const identity = { uid: meta.uid, generation: meta.generation, suspend: spec.suspend };
    const known = { kind: resourceKind("Store", meta.namespace), id: objectId(meta) };
    return [
      {
        key: objectKey("Store", meta),
        ...(meta.namespace !== undefined && { tenant: meta.namespace }),
        uid: meta.uid,
        generation: meta.generation,
        revision: entry.probeRevision,
        intervalMs: spec.healthCheck.intervalMs,
        failureThreshold: spec.healthCheck.failureThreshold,
        suspend: spec.suspend,
        probe: store,
        ...(adopt !== undefined && { adopted: () => adopt(known, identity) }),
      },
    ];
  }
}

function parsed(image: string): Reference {
  const reference = parseReference(image);
  if (!reference.ok) throw new AppError("REFERENCE_INVALID", reference.message, { remedy: "fix-configuration" });
  return reference.value;
}

/** What was compiled anew; and the AuthProviders of every Store that sees others than before, since their status tells of conflicts, and how many may use them. */
function changedKeys(next: Snapshot, previous: Snapshot | undefined): ReadonlySet<string> {
  const keys = new Set<string>(next.changed);
  const views = new Set<CompiledStore["view"]>();
  for (const key of next.changed) {
    const id = storeIdOf(key);
    if (id === undefined) continue;
    const [before, after] = [previous?.stores.get(id)?.view, next.stores.get(id)?.view];
    if (before === after) continue;
    for (const view of [before, after]) if (view !== undefined) views.add(view);
  }
  for (const { names } of views) for (const id of names) keys.add(keyOfId("AuthProvider", id));
  return keys;
}

/** Of the key of a Store, of either scope. */
function storeIdOf(key: ObjectKey): string | undefined {
  const id = key.slice(key.indexOf("/") + 1);
  return keyOfId("Store", id) === key ? id : undefined;
}
