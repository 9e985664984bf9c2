import { keyOfId } from "../api/object.ts";
import { boundedMessage } from "../api/diagnostic.ts";
import { maxEndpoints } from "../api/status.ts";
import type { EndpointObservation } from "../engine/store.ts";
import { type EndpointHealth, type LastError, observeEndpoint, unknownEndpoint } from "./endpoint-health.ts";

/** What is known of one generation of one Store; immutable. */
export interface StoreHealth {
  readonly uid: string;
  readonly generation: number;
  /** The hosts that are written out in the spec and therefore probed, sorted, ≤ 32. */
  readonly literal: readonly EndpointHealth[];
  /** The hosts that only traffic met, most recent first. */
  readonly met: readonly EndpointHealth[];
  /** What a former process wrote of an endpoint that is not told apart any more. */
  readonly pastError?: LastError;
}

/** Input of the `Reachable` condition, folded from the endpoints; its texts do not vary with time. */
export interface Reachability {
  readonly status: "True" | "False" | "Unknown";
  /** `CheckSucceeded`, `TrafficSucceeded`, `NotChecked`, or an error class. */
  readonly reason: string;
  /** ≤ 256 bytes. */
  readonly message: string;
  /** A host that is to be probed has not been yet: what is said here is about to change. */
  readonly pending: boolean;
  /** Whether any host is written out: without one nothing will ever be probed. */
  readonly probed: boolean;
  /** ≤ 32. */
  readonly endpoints: readonly EndpointHealth[];
  readonly lastError?: LastError;
  /** Epoch ms, the latest of any endpoint. */
  readonly lastCheckTime?: number;
  readonly lastSuccessTime?: number;
  /** The largest of any endpoint. */
  readonly consecutiveFailures: number;
  readonly latencyMs?: number;
}

interface Subject {
  readonly uid: string;
  readonly generation: number;
  readonly suspend: boolean;
  readonly endpoints: readonly string[];
}

/** Health of a Store as it now is: kept for the same generation, begun anew for another, except that a suspended Store keeps what was last known. */
export function renewStoreHealth(before: StoreHealth | undefined, subject: Subject): StoreHealth {
  const keeps = before !== undefined && before.uid === subject.uid && (before.generation === subject.generation || subject.suspend);
  const known = new Map(keeps ? [...before.met, ...before.literal].map((entry) => [entry.endpoint, entry]) : []);
  const literal = subject.endpoints.slice(0, maxEndpoints).map((endpoint) => known.get(endpoint) ?? unknownEndpoint(endpoint));
  const written = new Set(literal.map((entry) => entry.endpoint));
  return {
    uid: subject.uid,
    generation: subject.generation,
    literal,
    met: keeps ? before.met.filter((entry) => !written.has(entry.endpoint)).slice(0, maxEndpoints - literal.length) : [],
    ...(keeps && before.pastError !== undefined && { pastError: before.pastError }),
  };
}

/** Pure: one observation of one of the Store's hosts. */
export function observeStore(
  health: StoreHealth,
  observation: EndpointObservation,
  options: { readonly failureThreshold: number },
): StoreHealth {
  const at = health.literal.findIndex((entry) => entry.endpoint === observation.endpoint);
  const found = health.literal[at];
  if (found !== undefined) {
    const next = observeEndpoint(found, observation, options);
    return next === found ? health : { ...health, literal: health.literal.with(at, next) };
  }
  const before = health.met.find((entry) => entry.endpoint === observation.endpoint);
  const next = observeEndpoint(before ?? unknownEndpoint(observation.endpoint), observation, options);
  if (next.state === "Unknown") return health;
  const others = health.met.filter((entry) => entry.endpoint !== observation.endpoint);
  return { ...health, met: [next, ...others].slice(0, maxEndpoints - health.literal.length) };
}

/** What is known of one host, if anything. */
export function endpointOf(health: StoreHealth, endpoint: string): EndpointHealth | undefined {
  return health.literal.find((entry) => entry.endpoint === endpoint) ?? health.met.find((entry) => entry.endpoint === endpoint);
}

/** Whether a status would look the same but for times and counts. */
export function looksAlike(a: EndpointHealth | undefined, b: EndpointHealth | undefined): boolean {
  return (
    a?.state === b?.state &&
    a?.reason === b?.reason &&
    a?.authProvider === b?.authProvider &&
    a?.referrersAPI === b?.referrersAPI &&
    a?.failure?.message === b?.failure?.message &&
    a?.lastError?.class === b?.lastError?.class
  );
}

/**
 * Pure fold. One failing host that is written out makes the Store unreachable. Hosts that only traffic met count where none is written out,
 * and then all of them have to fail: which hosts those are is chosen by whoever starts pods.
 */
export function reachabilityOf(health: StoreHealth): Reachability {
  const { literal, met } = health;
  const endpoints = [...literal, ...met.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1))];
  const deciding = literal.length > 0 ? literal : endpoints;
  const failing = deciding.filter((entry) => entry.state === "Failing");
  const healthy = deciding.filter((entry) => entry.state === "Healthy");
  const [firstFailing] = failing;
  const [firstHealthy] = healthy;
  const lastError = lastErrorOf(endpoints, health.pastError);
  const shared = {
    pending: literal.some((entry) => entry.state === "Unknown"),
    probed: literal.length > 0,
    endpoints,
    ...summary(endpoints),
    ...(lastError !== undefined && { lastError }),
  };
  if (firstFailing !== undefined && (literal.length > 0 || firstHealthy === undefined)) {
    const message = firstFailing.failure?.message ?? `${firstFailing.endpoint} does not answer`;
    const more = failing.length > 1 ? ` (and ${failing.length - 1} more of ${deciding.length} hosts)` : "";
    return { ...shared, status: "False", reason: firstFailing.reason, message: boundedMessage(message + more) };
  }
  if (firstHealthy === undefined || shared.pending) {
    return { ...shared, status: "Unknown", reason: "NotChecked", message: notChecked(literal) };
  }
  return { ...shared, status: "True", reason: firstHealthy.reason, message: answers(firstHealthy, healthy.length, deciding.length) };
}

function notChecked(literal: readonly EndpointHealth[]): string {
  const [waiting] = literal.filter((entry) => entry.state === "Unknown");
  if (waiting === undefined) return "No host to check is written out, and none has been met yet";
  return boundedMessage(`${waiting.endpoint} has not been checked yet`);
}

function answers(first: EndpointHealth, healthy: number, all: number): string {
  if (all > 1) return healthy === all ? `All ${all} hosts answer` : `${healthy} of ${all} hosts answer`;
  const credential = first.authProvider === undefined ? "without a credential" : `with ${keyOfId("AuthProvider", first.authProvider)}`;
  return boundedMessage(`${first.endpoint} answers ${credential}`);
}

/** The first that is not over, in the order of `endpoints`; else the one that was over last: stable while nothing flips. */
function lastErrorOf(endpoints: readonly EndpointHealth[], past: LastError | undefined): LastError | undefined {
  const errors = endpoints.flatMap((entry) =>
    entry.lastError === undefined ? [] : [{ error: entry.lastError, failing: entry.state === "Failing" }],
  );
  const current = errors.find((entry) => entry.failing) ?? errors.find((entry) => entry.error.resolvedTime === undefined);
  if (current !== undefined) return current.error;
  const over = errors.map((entry) => entry.error);
  if (past !== undefined) over.push(past);
  return over.toSorted((a, b) => b.time - a.time)[0];
}

function summary(
  endpoints: readonly EndpointHealth[],
): Pick<Reachability, "consecutiveFailures" | "lastCheckTime" | "lastSuccessTime" | "latencyMs"> {
  const latest = (times: readonly (number | undefined)[]): number | undefined => {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const lastCheckTime = latest(endpoints.map((entry) => entry.lastCheckTime));
  const lastSuccessTime = latest(endpoints.map((entry) => entry.lastSuccessTime));
  const latencyMs = latest(endpoints.map((entry) => entry.latencyMs));
  return {
    consecutiveFailures: Math.max(0, ...endpoints.map((entry) => entry.consecutiveFailures)),
    ...(lastCheckTime !== undefined && { lastCheckTime }),
    ...(lastSuccessTime !== undefined && { lastSuccessTime }),
    ...(latencyMs !== undefined && { latencyMs }),
  };
}
