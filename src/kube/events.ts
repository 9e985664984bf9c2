import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Counter, Metrics } from "../kernel/metrics.ts";
import type { KubeClient } from "./client.ts";
import { EventSeries, type KubeEvent, recountMs, type Series } from "./event-series.ts";
import { KubeError } from "./kube-error.ts";
import { collectionPath, objectPath, type Resource } from "./resource.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "request">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** In [0, 1). */
  readonly random: () => number;
  /** `countersign.dev/operator`; the same in every replica. */
  readonly controller: string;
  /** Name of the pod, 128 bytes at most. */
  readonly instance: string;
}

const resource: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };
/** Events of cluster-scoped objects have to be somewhere (client-go `makeEvent`). */
const clusterNamespace = "default";
/** Events that wait to be written; beyond, the oldest goes: what is new matters more. */
const mostWaiting = 1000;
/** Requests: so many at once, then one a second. At most 3,700 Events, 1 KiB each, are then in etcd, which keeps them for an hour. */
const requestBurst = 100;
const requestPerSecond = 1;
const timeoutMs = 5000;
/** An API server that fails is asked again after so long, so many times in all. */
const retryMs = 10_000;
const attempts = 3;

/**
 * Writes Events, by the way: nobody waits for it, nothing is held up by it, and it gives up sooner than it gets in the way. What happens again is counted on the
 * Event that is there (`series`), once in five minutes.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series: EventSeries;
  readonly #requests: TokenBucket;
  readonly #events: Counter;
  #queue: { readonly verb: "create" | "count"; readonly series: Series }[] = [];
  /** Have happened again since they were written. */
  readonly #recounts = new Set<Series>();
  #nap = new AbortController();
  #isFailing = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#series = new EventSeries(options);
    this.#requests = new TokenBucket(options.clock, { perSecond: requestPerSecond, burst: requestBurst });
    this.#events = options.metrics.counter("countersign_events_total", "Kubernetes Events by what became of them", ["outcome"]);
  }

  /** Never waits, and never throws. */
  record(event: KubeEvent): void {
    const observed = this.#series.observe(event);
    if (observed.outcome === "drop") {
      this.#events.add(1, { outcome: "limited" });
      return;
    }
    const { outcome, series } = observed;
    if (outcome === "later") {
      // Counted in memory all the same: the next time that there is room says how often.
      if (this.#recounts.size < mostWaiting) this.#recounts.add(series);
    } else {
      this.#recounts.delete(series);
      this.#queue.push({ verb: outcome, series });
    }
    if (this.#queue.length > mostWaiting) {
      this.#queue.shift();
      this.#events.add(1, { outcome: "limited" });
    }
    this.#nap.abort();
  }

  /** Writes until `signal` aborts; then resolves, and what waits is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const wake = (): void => this.#nap.abort();
    signal.addEventListener("abort", wake, { once: true });
    while (!signal.aborted) {
      const next = this.#next();
      if (next === undefined) {
        await clock.sleep(this.#untilRecountMs(), this.#nap.signal).catch(() => {});
        this.#nap = new AbortController();
        continue;
      }
      try {
        const waitMs = this.#requests.waitMs();
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        this.#requests.take();
        await this.#write(next, signal);
      } catch {
        return; // the signal aborted: nothing else gets here
      }
    }
  }

  #next(): { readonly verb: "create" | "count"; readonly series: Series } | undefined {
    const waiting = this.#queue.shift();
    if (waiting !== undefined) return waiting;
    const now = this.#options.clock.now();
    for (const series of this.#recounts) {
      if (now - series.writtenAt < recountMs) continue;
      this.#recounts.delete(series);
      series.writtenAt = now;
      return { verb: "count", series };
    }
    return undefined;
  }

  #untilRecountMs(): number {
    const now = this.#options.clock.now();
    let ms = recountMs;
    for (const { writtenAt } of this.#recounts) ms = Math.min(ms, writtenAt + recountMs - now);
    return Math.max(ms, 0);
  }

  /** @throws the signal's reason, and nothing else */
  async #write({ verb, series }: { readonly verb: "create" | "count"; readonly series: Series }, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await (verb === "create" ? this.#create(series, signal) : this.#count(series, signal));
        this.#isFailing = false;
        this.#events.add(1, { outcome: verb === "create" ? "created" : "counted" });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === attempts || !mayPass(error)) {
          this.#gaveUp(error);
          return;
        }
        await clock.sleep(retryMs, signal);
      }
    }
  }

  async #create(series: Series, signal: AbortSignal): Promise<void> {
    const { client, clock, controller, instance } = this.#options;
    const { name, count, event } = series;
    const { namespace = clusterNamespace } = event.regarding;
    const path = collectionPath({ resource, namespace });
    const { regarding, type, reason, action, note } = event;
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: microTime(clock.now()),
      reportingController: controller,
      reportingInstance: instance,
      ...{ regarding, type, reason, action, note },
      ...(count > 1 && { series: seriesOf(series) }),
    };
    await client.request({ method: "POST", path, body, timeoutMs, retries: 0 }, signal);
  }

  async #count(series: Series, signal: AbortSignal): Promise<void> {
    const { namespace = clusterNamespace } = series.event.regarding;
    const path = objectPath({ resource, namespace }, series.name);
    const body = { series: seriesOf(series) };
    try {
      await this.#options.client.request(
        { method: "PATCH", path, body, contentType: "application/merge-patch+json", timeoutMs, retries: 0 },
        signal,
      );
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
      await this.#create(this.#series.renewed(series), signal); // the server has forgotten it
    }
  }

  #gaveUp(error: unknown): void {
    this.#events.add(1, { outcome: "failed" });
    const level = this.#isFailing ? "debug" : "warn";
    this.#isFailing = true;
    this.#options.logger[level]("an event could not be written", { ...(error instanceof Error && { error }) });
  }
}

/** A refusal does not. */
function mayPass(error: unknown): boolean {
  return error instanceof KubeError && (error.status === undefined || error.status === 429 || error.status >= 500);
}

function seriesOf({ count, lastAt }: Series): object {
  return { count, lastObservedTime: microTime(lastAt) };
}

/** metav1.MicroTime: exactly six digits, or the server refuses it. */
function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}
