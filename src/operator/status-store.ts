import type { EndpointStatus, StoreStatus } from "../api/status.ts";
import type { EndpointHealth } from "../health/endpoint-health.ts";
import type { Reachability } from "../health/store-health.ts";
import { columnText, registryColumn } from "./status-columns.ts";
import { accepted, conditionsOf, type Judgement, type Outlook, programmed, type Summary } from "./status-conditions.ts";
import { answeringProviders, storeCredentials } from "./status-credentials.ts";
import type { StoreStatusInput } from "./status-input.ts";
import { toLastError } from "./status-last-error.ts";
import { credentialOutlook } from "./status-outlook.ts";
import { timeText } from "./status-time.ts";

/** The status that a Store should have (design 5, operator.md 2.1). Pure. */
export function storeStatus(input: StoreStatusInput): StoreStatus {
  const { reachability } = input;
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(...judge(input), input),
    registry: registryColumn(input.scopes),
    auth: columnText(answeringProviders(input)),
    ...(reachability !== undefined && healthFields(reachability)),
  };
}

/** Whether a first judgement of this generation is about to be made: writing now would mean writing twice (operator.md 2.5, 8). */
export function isStoreStatusPending(input: StoreStatusInput): boolean {
  return input.diagnostics.length === 0 && !input.suspend && (!input.programmed || input.reachability?.pending === true);
}

function judge(input: StoreStatusInput): readonly [readonly Judgement[], Summary] {
  const valid = accepted(input.diagnostics);
  const served = programmed(input.programmed);
  if (valid.status === "False") {
    const message = "Not looked into: the spec is not valid";
    const aspects: readonly Judgement[] = [
      valid,
      { type: "CredentialsResolved", status: "Unknown", reason: "Pending", message },
      { type: "Reachable", status: "Unknown", reason: "NotChecked", message },
      served,
    ];
    return [aspects, { outlook: () => "stuck" }];
  }
  const reachable = reachableOf(input);
  const aspects = [valid, storeCredentials(input), reachable, served];
  const notProbed = reachable.status === "Unknown" && input.reachability?.pending !== true && served.status === "True";
  const healthy = reachable.status === "True" ? { reason: "Succeeded", message: reachable.message } : undefined;
  const ready = notProbed || input.suspend ? (healthy ?? { reason: "NotProbed", message: reachable.message }) : healthy;
  return [aspects, { outlook, ...(ready !== undefined && served.status === "True" && { ready }) }];
}

function reachableOf({ reachability, suspend }: StoreStatusInput): Judgement {
  const type = "Reachable";
  if (suspend && (reachability === undefined || reachability.status === "Unknown")) {
    return { type, status: "Unknown", reason: "ChecksDisabled", message: "Not checked: spec.suspend is true" };
  }
  if (reachability === undefined) return { type, status: "Unknown", reason: "NotChecked", message: "Not checked yet" };
  return { type, status: reachability.status, reason: reachability.reason, message: reachability.message };
}

/** What no waiting mends: somebody has to edit this object, its AuthProvider, or the rights at the registry (operator.md 2.1). */
const stuckReasons: ReadonlySet<string> = new Set(["AuthorizationDenied", "NotFound", "UnsafeEndpoint"]);
function outlook(failed: Judgement): Outlook {
  return stuckReasons.has(failed.reason) ? "stuck" : (credentialOutlook(failed.reason) ?? "retried");
}

function healthFields(reachability: Reachability): Partial<StoreStatus> {
  const { lastCheckTime, lastSuccessTime, latencyMs, lastError } = reachability;
  if (lastCheckTime === undefined && lastError === undefined) return {};
  return {
    endpoints: reachability.endpoints.map(toEndpoint),
    consecutiveFailures: reachability.consecutiveFailures,
    ...(lastCheckTime !== undefined && { lastCheckTime: timeText(lastCheckTime) }),
    ...(lastSuccessTime !== undefined && { lastSuccessTime: timeText(lastSuccessTime) }),
    ...(latencyMs !== undefined && { latencyMilliseconds: latencyMs }),
    ...(lastError !== undefined && { lastError: toLastError(lastError) }),
  };
}

function toEndpoint(health: EndpointHealth): EndpointStatus {
  return {
    endpoint: health.endpoint,
    state: health.state,
    reason: health.reason,
    ...(health.state === "Failing" && health.failure !== undefined && { message: health.failure.message }),
    ...(health.latencyMs !== undefined && { latencyMilliseconds: health.latencyMs }),
    ...(health.authProvider !== undefined && { authProvider: health.authProvider }),
    ...(health.referrersAPI !== undefined && { referrersAPI: health.referrersAPI }),
    consecutiveFailures: health.consecutiveFailures,
    ...(health.lastCheckTime !== undefined && { lastCheckTime: timeText(health.lastCheckTime) }),
    ...(health.lastSuccessTime !== undefined && { lastSuccessTime: timeText(health.lastSuccessTime) }),
  };
}
