import { boundedMessage } from "../api/diagnostic.ts";
import type { ErrorClass, Failure } from "../api/error-class.ts";
import type { EndpointObservation } from "../engine/store.ts";
import { failurePolicy } from "./failure-policy.ts";

/** The last run of equal failures of one endpoint; it survives recovery, with `resolvedTime`. Times are epoch ms. */
export interface LastError {
  readonly class: ErrorClass;
  /** ≤ 256 bytes. */
  readonly message: string;
  readonly firstTime: number;
  readonly time: number;
  /** How often in a row, 1 to 2^31 − 1 (int32 in the schema). */
  readonly count: number;
  readonly resolvedTime?: number;
}

/** Why an endpoint is in its state: a failure's class, or what made it Healthy, kept until it flips so that it does not change with every request. */
export type EndpointReason = ErrorClass | "CheckSucceeded" | "TrafficSucceeded" | "NotChecked";

/** What is known of one registry host, as one Store sees it; immutable. Times are epoch ms. */
export interface EndpointHealth {
  /** Canonical `host[:port]`. */
  readonly endpoint: string;
  readonly state: "Healthy" | "Failing" | "Unknown";
  readonly reason: EndpointReason;
  /** The failure that it is Failing with, or that it counts below the threshold. */
  readonly failure?: Failure;
  readonly consecutiveFailures: number;
  /** Of the last success, rounded to 2 significant digits: more would change with every probe and mean nothing. */
  readonly latencyMs?: number;
  readonly authProvider?: string;
  readonly referrersAPI?: "Supported" | "Unsupported";
  readonly lastCheckTime?: number;
  /** In this generation of the Store: its presence is what makes the threshold count. */
  readonly lastSuccessTime?: number;
  readonly lastError?: LastError;
}

const int32Max = 2 ** 31 - 1;

/** An endpoint of which nothing is known yet. */
export function unknownEndpoint(endpoint: string): EndpointHealth {
  return { endpoint, state: "Unknown", reason: "NotChecked", consecutiveFailures: 0 };
}

/**
 * Pure reducer. One success makes it Healthy. Before the first success of a generation one failure makes it Failing; after it a probe's permanent class does at once
 * and everything else after `failureThreshold` in a row: traffic is about one repository, so a single 403 of it is not yet the host's answer.
 */
export function observeEndpoint(
  health: EndpointHealth,
  observation: EndpointObservation,
  options: { readonly failureThreshold: number },
): EndpointHealth {
  const { failure } = observation;
  if (failure === undefined) return succeed(health, observation);
  if (observation.source === "traffic" && failurePolicy(failure.class).ofOneImage) return health;
  return fail(health, { ...observation, failure: { ...failure, message: boundedMessage(failure.message) } }, options.failureThreshold);
}

/** Two significant digits, at least 0, whole milliseconds, int32. */
export function roundLatency(ms: number): number {
  if (!Number.isFinite(ms) || ms <= 0) return 0;
  return Math.min(Math.round(Number(ms.toPrecision(2))), int32Max);
}

function succeed(health: EndpointHealth, observation: EndpointObservation): EndpointHealth {
  const { failure: _over, lastError, ...rest } = learn(health, observation);
  const resolved =
    lastError === undefined || lastError.resolvedTime !== undefined ? lastError : { ...lastError, resolvedTime: observation.time };
  return {
    ...rest,
    state: "Healthy",
    reason: health.state === "Healthy" ? health.reason : observation.source === "probe" ? "CheckSucceeded" : "TrafficSucceeded",
    consecutiveFailures: 0,
    latencyMs: roundLatency(observation.latencyMs),
    lastSuccessTime: observation.time,
    ...(resolved !== undefined && { lastError: resolved }),
  };
}

function fail(health: EndpointHealth, observation: EndpointObservation & { readonly failure: Failure }, threshold: number): EndpointHealth {
  const { failure } = observation;
  const consecutiveFailures = Math.min(health.consecutiveFailures + 1, int32Max);
  const atOnce = observation.source === "probe" && failurePolicy(failure.class).kind === "permanent";
  const failing = health.state === "Failing" || health.lastSuccessTime === undefined || atOnce || consecutiveFailures >= threshold;
  return {
    ...learn(health, observation),
    ...(failing && { state: "Failing" as const, reason: failure.class }),
    failure,
    consecutiveFailures,
    lastError: nextError(health.lastError, failure, observation.time),
  };
}

function learn(health: EndpointHealth, observation: EndpointObservation): EndpointHealth {
  const { authProvider: _before, ...rest } = health;
  return {
    ...rest,
    lastCheckTime: Math.max(observation.time, health.lastCheckTime ?? 0),
    ...(observation.authProvider !== undefined && { authProvider: observation.authProvider }),
    ...(observation.referrersAPI !== undefined && { referrersAPI: observation.referrersAPI }),
  };
}

function nextError(before: LastError | undefined, failure: Failure, time: number): LastError {
  const goesOn = before !== undefined && before.resolvedTime === undefined && before.class === failure.class;
  return {
    class: failure.class,
    message: failure.message,
    firstTime: goesOn ? before.firstTime : time,
    time,
    count: goesOn ? Math.min(before.count + 1, int32Max) : 1,
  };
}
