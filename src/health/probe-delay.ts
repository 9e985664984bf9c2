import type { Failure } from "../api/error-class.ts";
import { failurePolicy } from "./failure-policy.ts";

const backoffFirstMs = 1000;
const backoffLimitMs = 5 * 60_000;
/** Full jitter may draw next to nothing: a failing host is still not asked more than twice a second by one Store. */
const backoffFloorMs = 500;
/** A registry may ask for politeness, not for oblivion (registry-auth 6.2). */
const retryAfterLimitMs = 60 * 60_000;
/** ± 20 %: Stores that were created together do not stay together. */
const jitter = 0.2;

/** The interval ± 20 %. `random` is in [0, 1). */
export function jittered(intervalMs: number, random: number): number {
  return Math.round(intervalMs * (1 - jitter + 2 * jitter * random));
}

/**
 * Milliseconds until the next probe. Success and failures that time does not mend: the interval. Retryable ones: exponential from 1 s to 5 min with full jitter,
 * never later than the interval. A remembered `Retry-After` goes before both, up to one hour.
 */
export function probeDelay(
  outcome: { readonly failure?: Failure; readonly consecutiveFailures: number },
  options: { readonly intervalMs: number; readonly now: number; readonly random: number },
): number {
  const { failure } = outcome;
  const regular = jittered(options.intervalMs, options.random);
  if (failure === undefined) return regular;
  const own = failurePolicy(failure.class).retryable ? Math.min(backoff(outcome.consecutiveFailures, options.random), regular) : regular;
  return Math.max(own, holdOf(failure, options.now));
}

/** How long `Retry-After` asks to stay away, in milliseconds; 0 without one, at most one hour. */
export function holdOf(failure: Failure, now: number): number {
  if (failure.retryAt === undefined || !Number.isFinite(failure.retryAt)) return 0;
  return Math.min(Math.max(failure.retryAt - now, 0), retryAfterLimitMs);
}

function backoff(failures: number, random: number): number {
  const ceiling = Math.min(backoffFirstMs * 2 ** Math.min(Math.max(failures - 1, 0), 30), backoffLimitMs);
  return Math.max(backoffFloorMs, Math.round(ceiling * random));
}
