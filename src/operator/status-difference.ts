import type { Statuses } from "../api/status.ts";
import type { Kind } from "../api/object.ts";

type AnyStatus = Statuses[Kind];

export interface WriteTiming {
  /** Epoch ms, as the other times here. */
  readonly now: number;
  /** When this process last wrote this status; absent: not yet. */
  readonly writtenAt?: number;
  /** When this process began: what it found then was not written by it, and is not rewritten for its times alone. */
  readonly startedAt: number;
  /** Of times, latency and counts alone; see {@link heartbeatInterval}. */
  readonly heartbeatMs: number;
  /** Since when a first judgement of this generation is on its way; absent: it is not. Waited for, so that one change is one write. */
  readonly pendingSince?: number;
}

/** `now`: a reader has to learn of it. `heartbeat-due`: only times and counts. `after`: look again in so many milliseconds. `none`: nothing differs. */
export type WriteDecision = "now" | "heartbeat-due" | "none" | { readonly after: number };

/** Between two writes of one object: whatever flaps, etcd does not. */
const spacingMs = 5_000;
/** Of a change in words only. */
const wordingMs = 60_000;
/** A probe has 10 s, and a place in the queue before that. */
const pendingMs = 15_000;
const shortestHeartbeatMs = 10 * 60_000;

/**
 * Whether a status is worth a request (operator.md 2.5). At once: generation, a condition's status or reason, the class of the last error, which credential,
 * a host's state, a column. Once a minute: words, what was learnt of a host, and that a credential was fetched anew. Now and then: times, latency, counts.
 */
export function needsWrite(desired: AnyStatus, current: AnyStatus | undefined, timing: WriteTiming): WriteDecision {
  const { now } = timing;
  if (current === undefined || essence(desired) !== essence(current)) {
    const waits = Math.max(
      timing.pendingSince === undefined ? 0 : timing.pendingSince + pendingMs - now,
      timing.writtenAt === undefined ? 0 : timing.writtenAt + spacingMs - now,
    );
    return waits > 0 ? { after: waits } : "now";
  }
  const since = timing.writtenAt ?? timing.startedAt;
  if (wording(desired) !== wording(current)) return now - since >= wordingMs ? "now" : { after: since + wordingMs - now };
  if (everything(desired) === everything(current)) return "none";
  return now - since >= timing.heartbeatMs ? "heartbeat-due" : { after: since + timing.heartbeatMs - now };
}

/** At least 10 min, the Store's interval, and half a second for each object, ± 10 %: two writes a second at most, however many there are. */
export function heartbeatInterval(options: {
  readonly objects: number;
  readonly intervalMs?: number;
  readonly random: number;
  readonly shortestMs?: number;
}): number {
  const ms = Math.max(options.shortestMs ?? shortestHeartbeatMs, options.intervalMs ?? 0, options.objects * 500);
  return Math.round(ms * (0.9 + 0.2 * options.random));
}

/** Fields that move with every look at a host; `lastTransitionTime` moves with `status` alone, which is compared. */
const timesAndCounts = new Set([
  "lastCheckTime",
  "lastSuccessTime",
  "consecutiveFailures",
  "latencyMilliseconds",
  "firstTime",
  "time",
  "count",
  "resolvedTime",
]);
const words = new Set(["message", "boundStores", "endpoints"]);
const transition = "lastTransitionTime";

/** What is written at once. A host that traffic met for the first time is news only if something is wrong with it. */
function essence(status: AnyStatus): string {
  const endpoints = "endpoints" in status ? status.endpoints : undefined;
  const failing = endpoints?.flatMap(({ endpoint, state }) => (state === "Failing" ? [endpoint] : [])) ?? [];
  // An AuthProvider has one credential for each of its registries, and they end at different times. (An exception of a Policy has a time of that name too.)
  const lasting = { ...status, expirationTime: undefined, lastRefreshTime: undefined };
  return canonical({ status: lasting, failing }, (key) => key === transition || timesAndCounts.has(key) || words.has(key));
}

/** What is written within a minute. */
function wording(status: AnyStatus): string {
  return canonical(status, (key) => key === transition || timesAndCounts.has(key));
}

function everything(status: AnyStatus): string {
  return canonical(status, (key) => key === transition);
}

/** JSON without some keys, in an order that does not depend on who wrote it: every list of a status is a set, or a map with a key. */
function canonical(value: unknown, skip: (key: string) => boolean): string {
  if (Array.isArray(value))
    return `[${value
      .map((item: unknown) => canonical(item, skip))
      .toSorted()
      .join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const fields = Object.entries(value).filter(([key, item]) => item !== undefined && !skip(key));
  return `{${fields
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, skip)}`)
    .toSorted()
    .join()}}`;
}
