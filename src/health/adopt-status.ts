import { errorClasses, type ErrorClass } from "../api/error-class.ts";
import type { EndpointStatus, LastErrorStatus, StoreStatus } from "../api/status.ts";
import type { EndpointHealth, LastError } from "./endpoint-health.ts";
import type { StoreHealth } from "./store-health.ts";

/**
 * What a former process knew, read back from the status it wrote, so that a restart changes nothing: neither a threshold that had been reached
 * nor the first time of an error. Undefined for a status of another generation, unless the Store is suspended and keeps the last that was known.
 */
export function adoptStatus(
  status: StoreStatus,
  object: { readonly uid: string; readonly generation: number; readonly suspend: boolean },
): StoreHealth | undefined {
  if (status.observedGeneration !== object.generation && !object.suspend) return undefined;
  const endpoints = (status.endpoints ?? []).map(adoptEndpoint);
  const error = status.lastError === undefined ? undefined : adoptError(status.lastError);
  const owner = error === undefined ? -1 : ownerOf(error, endpoints);
  const found = endpoints[owner];
  return {
    uid: object.uid,
    generation: object.generation,
    literal: [],
    // Which of them are written out in the spec is the Store's to say (renewStoreHealth).
    met: found === undefined || error === undefined ? endpoints : endpoints.with(owner, { ...found, lastError: error }),
    ...(found === undefined && error !== undefined && { pastError: error }),
  };
}

function adoptEndpoint(status: EndpointStatus): EndpointHealth {
  const latest = (text: string | undefined): number | undefined => (text === undefined ? undefined : epochMs(text));
  const lastCheckTime = latest(status.lastCheckTime);
  const lastSuccessTime = latest(status.lastSuccessTime);
  return {
    endpoint: status.endpoint,
    ...adoptState(status),
    consecutiveFailures: status.consecutiveFailures ?? 0,
    ...(status.latencyMilliseconds !== undefined && { latencyMs: status.latencyMilliseconds }),
    ...(status.authProvider !== undefined && { authProvider: status.authProvider }),
    ...(status.referrersAPI !== undefined && { referrersAPI: status.referrersAPI }),
    ...(lastCheckTime !== undefined && { lastCheckTime }),
    ...(lastSuccessTime !== undefined && { lastSuccessTime }),
  };
}

/** A reason that this version does not know (written by another one) makes the state unknown: the first probe says what it is. */
function adoptState({ state, reason, message, endpoint }: EndpointStatus): Pick<EndpointHealth, "state" | "reason" | "failure"> {
  const unknown = { state: "Unknown", reason: "NotChecked" } as const;
  switch (state) {
    case "Unknown":
      return unknown;
    case "Healthy":
      return { state, reason: reason === "TrafficSucceeded" ? reason : "CheckSucceeded" };
    case "Failing":
      if (!isErrorClass(reason)) return unknown;
      return { state, reason, failure: { class: reason, message: message ?? `${endpoint} does not answer` } };
  }
}

function adoptError(status: LastErrorStatus): LastError {
  const resolvedTime = status.resolvedTime === undefined ? undefined : epochMs(status.resolvedTime);
  return {
    class: status.class,
    message: status.message,
    firstTime: epochMs(status.firstTime) ?? 0,
    time: epochMs(status.time) ?? 0,
    count: status.count,
    ...(resolvedTime !== undefined && { resolvedTime }),
  };
}

/** Whose error it was: the status does not say, but an error that goes on belongs to a host that fails with it. */
function ownerOf(error: LastError, endpoints: readonly EndpointHealth[]): number {
  if (error.resolvedTime !== undefined) return -1;
  const failing = endpoints.findIndex((entry) => entry.state === "Failing" && entry.reason === error.class);
  return failing >= 0 ? failing : endpoints.findIndex((entry) => entry.consecutiveFailures > 0);
}

function isErrorClass(reason: string | undefined): reason is ErrorClass {
  return errorClasses.some((known) => known === reason);
}

function epochMs(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
