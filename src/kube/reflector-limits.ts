import type { NamespaceLimits } from "./namespace-quota.ts";
import { type BackoffOptions, reflectorBackoff } from "./backoff.ts";

/** The numbers of the state machine (operator.md 1.1 and 1.2). */
export interface ReflectorLimits {
  readonly backoff: BackoffOptions;
  /** A watch asks to be ended after this and up to twice as many seconds, so that many replicas do not come back together. Default 300. */
  readonly watchSeconds: number;
  /** What a watch may take beyond that before we end it. Default 30 s. */
  readonly watchGraceMs: number;
  /** Longest silence: two and a half of the server's bookmarks, one a minute. Default 150 s. */
  readonly idleMs: number;
  /** Longest silence before the initial events have all come; a server that does not know them stays silent. Default 30 s. */
  readonly initialIdleMs: number;
  /** A watch that ends sooner and without an event counts as failed. Default 5 s; client-go's 1 s lets a server that ends each after one second cause one a second. */
  readonly shortWatchMs: number;
  /** Default 4 MiB: etcd takes 1.5 MiB. */
  readonly maxEventBytes: number;
  /** Default 100,000. */
  readonly maxObjects: number;
  /** What one namespace may take of a collection. Default: all. */
  readonly perNamespace?: NamespaceLimits;
  /** While a namespace has more than that, the collection is listed anew at most so often, in ms. Default 60 s. */
  readonly relistMs: number;
  /** After so many unreadable streams in a row from one state a new list is read instead. Default 3. */
  readonly maxUnreadable: number;
}

/** The defaults. */
export const reflectorLimits: ReflectorLimits = {
  backoff: reflectorBackoff,
  watchSeconds: 300,
  watchGraceMs: 30_000,
  idleMs: 150_000,
  initialIdleMs: 30_000,
  shortWatchMs: 5_000,
  maxEventBytes: 4 * 1024 * 1024,
  maxObjects: 100_000,
  relistMs: 60_000,
  maxUnreadable: 3,
};
