import { LRUCache } from "lru-cache";
import type { Clock } from "../kernel/clock.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Something that happened to an object, for people: `kubectl describe` and `kubectl get events` show it. */
export interface KubeEvent {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    /** Absent: the object is cluster-scoped. */
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: "Normal" | "Warning";
  /** CamelCase, 128 bytes at most, as `action`. */
  readonly reason: string;
  readonly action: string;
  /** 1024 bytes at most. */
  readonly note: string;
}

/** An Event as it was written, or is about to be. */
export interface Series {
  readonly event: KubeEvent;
  /** Occurrences with the same are one Event. */
  readonly key: string;
  /** `metadata.name` of the Event. */
  readonly name: string;
  /** How often it happened. */
  count: number;
  /** Epoch ms, as the other times here. */
  lastAt: number;
  /** When it was last handed out to be written. */
  writtenAt: number;
}

/** `create`: a new Event; `count`: one that is there has happened again; `later`: the same, and it is told in good time; `drop`: too many of this object. */
export type Observed = { readonly outcome: "create" | "count" | "later"; readonly series: Series } | { readonly outcome: "drop" };

/** Objects and Events that are remembered; each is a few hundred bytes. */
const most = 4096;
/** What happens again within this time is the same Event: an API server keeps one for an hour after its last change (`--event-ttl`). In ms. */
const seriesMs = 3_600_000;
/** Between two writes of one Event, in ms: a registry that comes and goes is told of in numbers, not in writes. */
export const recountMs = 300_000;
/** New Events of one object: so many at once, then one in five minutes (client-go's 25 and 1/300 s, for an object that has ten reasons at most). */
const objectBurst = 10;
const objectPerSecond = 1 / 300;

/** What becomes of each occurrence, so that what flaps neither fills etcd nor hides what is new. */
export class EventSeries {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #series = new LRUCache<string, Series>({ max: most });
  readonly #budgets = new LRUCache<string, TokenBucket>({ max: most });

  constructor(options: { readonly clock: Clock; readonly random: () => number }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  observe(event: KubeEvent): Observed {
    const now = this.#clock.now();
    const key = JSON.stringify([event.regarding.uid, event.type, event.action, event.reason, event.note]);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastAt < seriesMs) {
      known.count += 1;
      known.lastAt = now;
      if (now - known.writtenAt < recountMs) return { outcome: "later", series: known };
      known.writtenAt = now;
      return { outcome: "count", series: known };
    }
    if (!this.#budgetOf(event.regarding.uid).take()) return { outcome: "drop" };
    const series = { event, key, name: this.#nameOf(event), count: 1, lastAt: now, writtenAt: now };
    this.#series.set(key, series);
    return { outcome: "create", series };
  }

  /** The Event is gone from the server: the same under another name. */
  renewed(series: Series): Series {
    const renewed = { ...series, name: this.#nameOf(series.event), writtenAt: this.#clock.now() };
    this.#series.set(series.key, renewed);
    return renewed;
  }

  #budgetOf(uid: string): TokenBucket {
    const known = this.#budgets.get(uid);
    if (known !== undefined) return known;
    const budget = new TokenBucket(this.#clock, { perSecond: objectPerSecond, burst: objectBurst });
    this.#budgets.set(uid, budget);
    return budget;
  }

  /** As client-go names them, with a random part in place of nanoseconds. A name has 253 characters at most. */
  #nameOf({ regarding }: KubeEvent): string {
    const random = Math.floor(this.#random() * 2 ** 32).toString(16);
    return `${regarding.name.slice(0, 220).replace(/[^a-z0-9]+$/, "")}.${this.#clock.now().toString(16)}${random.padStart(8, "0")}`;
  }
}
