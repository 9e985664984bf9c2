import { type Clock, type Deadline, raceSignal } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { Backoff } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isExpired, isTooLargeVersion, KubeError } from "./kube-error.ts";
import { listObjects } from "./list.ts";
import type { NamespaceLimits } from "./namespace-quota.ts";
import type { KubeObject } from "./object.ts";
import { type Change, ObjectCache, ObjectList } from "./object-cache.ts";
import { type ReflectorLimits, reflectorLimits } from "./reflector-limits.ts";
import type { ReflectorMetrics } from "./reflector-metrics.ts";
import type { Collection } from "./resource.ts";
import { openWatch, type WatchEvent, type WatchStart } from "./watch.ts";

/** What all reflectors of a process know together: whether the server has refused a watch that lists (WatchList; 400 or 422). */
export interface WatchListSupport {
  isRefused: boolean;
}

/** What a reflector works with. */
export interface ReflectorDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: ReflectorMetrics;
  readonly watchList: WatchListSupport;
  /** Called with the key of an object that appeared, changed or went; what is there now is read from `objects`. */
  readonly changed: (key: string) => void;
  /** Called when what `hasSynced`, `failure` or `overfull` say may have changed; must not throw. */
  readonly noticed?: () => void;
  readonly limits?: Partial<ReflectorLimits>;
}

/** A watch that is under way, from its opening to its end. */
interface OpenWatch extends Disposable {
  readonly events: AsyncGenerator<WatchEvent, void, void>;
  readonly openedAt: number;
  /** Events so far, bookmarks included. */
  seen: number;
}

/**
 * Keeps the objects of one collection as the API server has them: one consistent list, then a watch for ever. A broken watch goes on from the last state
 * seen; only a state that the server no longer keeps (410) leads to a new list. Never gives up, never throws.
 */
export class Reflector {
  readonly #collection: Collection;
  readonly #deps: ReflectorDeps;
  readonly #limits: ReflectorLimits;
  readonly #cache: ObjectCache;
  readonly #backoff: Backoff;
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #resourceVersion = "";
  #lastActivityAt: number;
  #failure: Error | undefined;
  #unreadable = 0;
  #listedAt = 0;
  #isCollecting = false;

  constructor(collection: Collection, deps: ReflectorDeps) {
    this.#collection = collection;
    this.#deps = deps;
    this.#limits = { ...reflectorLimits, ...deps.limits };
    this.#backoff = new Backoff(this.#limits.backoff, deps);
    this.#lastActivityAt = deps.clock.monotonic();
    this.#cache = new ObjectCache({
      collection,
      maxObjects: this.#limits.maxObjects,
      ...this.#perNamespace,
      changed: (key, change) => this.#changed(key, change),
    });
  }

  /** A live view of deep-frozen objects. After a failure it shows what was last known. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#cache.objects;
  }

  /** True once the first list is complete; stays so. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** When the server last sent anything for this collection; `Clock.monotonic` ms. A healthy one is never silent for more than a minute. */
  get lastActivityAt(): number {
    return this.#lastActivityAt;
  }

  /** What went wrong last; undefined once the server has sent something since. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Namespaces that have more than is kept of them. */
  get overfull(): ReadonlySet<string> {
    return this.#cache.overfull;
  }

  /** The last state seen; `""` before the first list. Opaque. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Resolves once the first list is complete. Rejects only with the signal's reason. */
  async synced(signal: AbortSignal): Promise<void> {
    await raceSignal(this.#synced.promise, signal);
  }

  /** Lists and watches until `signal` aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(await this.#list(signal), signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  /** The first half: everything there is. Gives the watch that told it, if it was one. */
  async #list(signal: AbortSignal): Promise<OpenWatch | undefined> {
    const { client, logger, metrics, watchList } = this.#deps;
    if (!watchList.isRefused) {
      try {
        return await this.#listByWatch(signal);
      } catch (error) {
        if (signal.aborted || !isWorthListing(error)) throw error;
        if (isRefusedForm(error)) watchList.isRefused = true;
        logger.info("the API server did not list by watch; listing", { ...this.#names, ...(error instanceof Error && { error }) });
      }
    }
    const { maxObjects } = this.#limits;
    metrics.lists.add(1, { kind: this.#kind, method: "list" });
    const listed = await listObjects(client, { collection: this.#collection, maxObjects, ...this.#perNamespace }, signal);
    this.#active();
    this.#replace(listed, listed.resourceVersion);
    return undefined;
  }

  /** WatchList: synthetic ADDED events into a list of their own, until a bookmark says that they were all; what there was before stays in force until then. */
  async #listByWatch(signal: AbortSignal): Promise<OpenWatch> {
    this.#deps.metrics.lists.add(1, { kind: this.#kind, method: "watchlist" });
    this.#isCollecting = true;
    let watch: OpenWatch | undefined;
    try {
      watch = await this.#open({ from: "everything" }, signal);
      const list = new ObjectList({ collection: this.#collection, maxObjects: this.#limits.maxObjects, ...this.#perNamespace });
      for (;;) {
        const next = await watch.events.next();
        if (next.done === true) throw new KubeError("KUBE_PROTOCOL_VIOLATION", "The watch ended before the initial events were complete");
        watch.seen += 1;
        const event = next.value;
        if (event.type === "DELETED") list.delete(event.object);
        else if (event.type !== "BOOKMARK") list.set(event.object);
        else if (event.endsInitialEvents) {
          this.#replace(list, event.resourceVersion);
          return watch;
        }
      }
    } catch (error) {
      await this.#end(watch);
      throw error;
    } finally {
      this.#isCollecting = false;
    }
  }

  /**
   * The second half: changes, for as long as the server keeps the state that we have seen. Resolves when a new list is due because something did not fit
   * into the last one. @throws what only a new list can mend
   */
  async #follow(listing: OpenWatch | undefined, signal: AbortSignal): Promise<void> {
    for (let watch = listing; ; watch = undefined) {
      try {
        await this.#watch(watch, signal);
        if (this.#isListDue()) return;
      } catch (error) {
        signal.throwIfAborted();
        if (this.#needsList(error)) throw error;
        await this.#recover(error, signal);
      }
    }
  }

  /** One watch until it ends in good order. */
  async #watch(listing: OpenWatch | undefined, signal: AbortSignal): Promise<void> {
    const watch = listing ?? (await this.#open({ from: "resourceVersion", resourceVersion: this.#resourceVersion }, signal));
    try {
      for await (const event of watch.events) {
        watch.seen += 1;
        this.#unreadable = 0;
        this.#apply(event);
      }
      this.#checkLength(watch);
    } finally {
      await this.#end(watch);
    }
  }

  async #open(start: WatchStart, signal: AbortSignal): Promise<OpenWatch> {
    const { client, clock, metrics, random } = this.#deps;
    const { watchSeconds, watchGraceMs, idleMs, initialIdleMs, maxEventBytes } = this.#limits;
    const timeoutSeconds = Math.floor(watchSeconds * (1 + random()));
    const deadline: Deadline = clock.deadline(timeoutSeconds * 1000 + watchGraceMs, signal);
    metrics.watches.add(1, { kind: this.#kind });
    try {
      const options = {
        collection: this.#collection,
        start,
        timeoutSeconds,
        maxEventBytes,
        idleMs: () => (this.#isCollecting ? initialIdleMs : idleMs),
        onActivity: () => this.#active(),
      };
      const events = await openWatch(client, options, deadline.signal);
      return { events, openedAt: clock.monotonic(), seen: 0, [Symbol.dispose]: () => deadline[Symbol.dispose]() };
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  /** Ends what was opened; a second time does nothing. */
  async #end(watch: OpenWatch | undefined): Promise<void> {
    await watch?.events.return();
    watch?.[Symbol.dispose]();
  }

  #apply(event: WatchEvent): void {
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        this.#cache.set(event.object);
        this.#resourceVersion = event.object.metadata.resourceVersion;
        return;
      case "DELETED":
        this.#cache.delete(event.object);
        this.#resourceVersion = event.object.metadata.resourceVersion;
        return;
      case "BOOKMARK":
        this.#resourceVersion = event.resourceVersion;
        this.#deps.metrics.events.add(1, { kind: this.#kind, type: "bookmark" });
        return;
    }
  }

  #replace(list: Pick<ObjectList, "objects" | "quota">, resourceVersion: string): void {
    this.#cache.replace(list);
    this.#listedAt = this.#deps.clock.monotonic();
    this.#resourceVersion = resourceVersion;
    this.#unreadable = 0;
    this.#deps.metrics.objects.set(this.#cache.objects.size, { kind: this.#kind });
    this.#deps.logger.debug("listed", { ...this.#names, objects: list.objects.size });
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#deps.noticed?.();
  }

  /** What did not fit may fit by now; that is looked at when a watch has ended anyway, some minutes after the last list. */
  #isListDue(): boolean {
    return this.#cache.overfull.size > 0 && this.#deps.clock.monotonic() - this.#listedAt >= this.#limits.relistMs;
  }

  /** A watch that the server ends in good order is opened again at once; one that ended as soon as it began must not be. */
  #checkLength(watch: OpenWatch): void {
    const { clock, metrics } = this.#deps;
    if (watch.seen > 0 || clock.monotonic() - watch.openedAt >= this.#limits.shortWatchMs) return;
    metrics.shortWatches.add(1, { kind: this.#kind });
    throw new KubeError("KUBE_UNREACHABLE", "The watch ended at once and without an event");
  }

  #needsList(error: unknown): boolean {
    if (isUnreadable(error)) {
      this.#unreadable += 1;
      return this.#unreadable >= this.#limits.maxUnreadable; // the same event again and again: a list may do without it
    }
    // 400: a resourceVersion that this server cannot read, as of another cluster's backup.
    return isExpired(error) || isTooLargeVersion(error) || (error instanceof KubeError && error.status === 400);
  }

  /** Says what happened and waits: as long as the server asks, at least as long as the backoff wants. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock, logger, metrics } = this.#deps;
    this.#failure = error instanceof Error ? error : undefined;
    const retryAfterMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const pauseMs = Math.max(this.#backoff.next(), retryAfterMs);
    metrics.failures.add(1, { kind: this.#kind, reason: failureOf(error) });
    this.#deps.noticed?.();
    const fields = { ...this.#names, pauseMs: Math.round(pauseMs), ...(error instanceof Error && { error }) };
    if (isExpired(error)) logger.info("the API server no longer keeps the state that was last seen; listing again", fields);
    else logger.warn("cannot follow the API server; trying again", fields);
    await clock.sleep(pauseMs, signal).catch(() => {
      /* aborted: the loop above ends */
    });
  }

  #changed(key: string, change: Change): void {
    const { changed, logger, metrics } = this.#deps;
    metrics.events.add(1, { kind: this.#kind, type: change });
    metrics.objects.set(this.#cache.objects.size, { kind: this.#kind });
    if (this.#cache.overfull.size > 0) this.#deps.noticed?.();
    try {
      changed(key);
    } catch (error) {
      // A defect of the listener's; the stream and the other keys must not suffer.
      logger.error("a listener failed", { kind: this.#kind, key, ...(error instanceof Error && { error }) });
    }
  }

  #active(): void {
    const { clock, metrics } = this.#deps;
    this.#lastActivityAt = clock.monotonic();
    const hadFailed = this.#failure !== undefined;
    this.#failure = undefined;
    if (hadFailed) this.#deps.noticed?.();
    metrics.lastActivity.set(Math.floor(clock.now() / 1000), { kind: this.#kind });
  }

  /** For the log: which collection this is. */
  get #names(): { readonly kind: string; readonly namespace?: string } {
    const { namespace } = this.#collection;
    return { kind: this.#kind, ...(namespace !== undefined && namespace !== "*" && { namespace }) };
  }

  get #perNamespace(): { readonly perNamespace?: NamespaceLimits } {
    const { perNamespace } = this.#limits;
    return perNamespace === undefined ? {} : { perNamespace };
  }

  get #kind(): string {
    return this.#collection.resource.kind;
  }
}

/** After these a plain list would fare no better: nobody there, not allowed, too busy. */
function isWorthListing(error: unknown): boolean {
  if (!(error instanceof KubeError) || error.code === "KUBE_UNREACHABLE" || error.code === "KUBE_CREDENTIALS_UNAVAILABLE") return false;
  return ![401, 403, 404, 429].includes(error.status ?? 0);
}

function isRefusedForm(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 400 || error.status === 422);
}

function isUnreadable(error: unknown): boolean {
  return error instanceof KubeError && (error.code === "KUBE_PROTOCOL_VIOLATION" || error.code === "KUBE_LIMIT_EXCEEDED");
}

function failureOf(error: unknown): "expired" | "unreadable" | "refused" | "unreachable" {
  if (isExpired(error)) return "expired";
  if (isUnreadable(error)) return "unreadable";
  return error instanceof KubeError && error.code === "KUBE_REFUSED" ? "refused" : "unreachable";
}
