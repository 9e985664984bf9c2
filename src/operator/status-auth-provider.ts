import { boundedMessage } from "../api/diagnostic.ts";
import { keyOfId } from "../api/object.ts";
import type { AuthProviderStatus } from "../api/status.ts";
import type { ProviderState, UnavailableReason } from "../keychain/ports.ts";
import { accepted, conditionsOf, type Judgement, type Outlook, programmed } from "./status-conditions.ts";
import type { AuthProviderStatusInput } from "./status-input.ts";
import { toLastError } from "./status-last-error.ts";
import { credentialOutlook } from "./status-outlook.ts";
import { timeText } from "./status-time.ts";

/** The status that an AuthProvider should have (design 3 on conflicts, operator.md 2.1). Pure. */
export function authProviderStatus(input: AuthProviderStatusInput): AuthProviderStatus {
  const known = knownBefore(input);
  const resolved = credentials(input, known);
  const aspects = [acceptance(input), resolved, programmed(input.programmed)];
  const ready = { reason: resolved.reason === notRequested ? notRequested : "Succeeded", message: known?.message ?? input.state.message };
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(aspects, { outlook, ...(input.programmed && { ready }) }, input),
    ...(input.type !== undefined && { type: input.type }),
    boundStores: input.boundStores,
    ...(input.credentialRevision !== undefined && { credentialRevision: input.credentialRevision }),
    ...fetched(input.state),
    ...(known !== undefined && fetchedBefore(input)),
  };
}

const notRequested = "NotRequested";

/** Both sides of a conflict show it: the younger because it lost the pattern, the older so that its owner learns of the claim. */
function acceptance({ diagnostics, lost, kept, patterns }: AuthProviderStatusInput): Judgement {
  const own = accepted(diagnostics);
  if (own.status === "False") return own;
  const [firstLost] = lost;
  if (firstLost !== undefined) {
    const none = lost.length >= patterns;
    const message = `Pattern "${firstLost.pattern}" belongs to the older ${keyOfId("AuthProvider", firstLost.keptBy)}${moreOf(lost.length)}`;
    return none
      ? { type: "Accepted", status: "False", reason: "PatternConflict", message }
      : { type: "Accepted", status: "True", reason: "PartiallyAccepted", message: `PatternConflict: ${message}` };
  }
  const [firstKept] = kept;
  if (firstKept === undefined) return own;
  return {
    ...own,
    // A reason of its own, so that it is written at once: words alone are not (status-difference.ts).
    reason: "PatternConflict",
    message: `Pattern "${firstKept.pattern}" is also claimed by ${keyOfId("AuthProvider", firstKept.claimedBy)}, which does not get it${moreOf(kept.length)}`,
  };
}

function credentials({ diagnostics, state }: AuthProviderStatusInput, known: Judgement | undefined): Judgement {
  const type = "CredentialsResolved";
  if (diagnostics.length > 0) return { type, status: "Unknown", reason: "Pending", message: "Not looked into: the spec is not valid" };
  if (known !== undefined) return known;
  const message = [state.message, ...state.warnings].join("; ");
  return { type, status: state.ready ? "True" : "False", reason: state.reason, message };
}

/** What came of fetching; other reasons are of what was there before anything was fetched, and are found out anew at once. */
const outcomes: ReadonlySet<string> = new Set<UnavailableReason | "Resolved">([
  "Resolved",
  "TokenRequestDenied",
  "IdentityRefused",
  "RegistryRefused",
  "IdentityUnreachable",
  "Throttled",
]);

/**
 * What a former process found out of this generation, as long as this one has not been asked for a credential: a restart is no news, and changes no status
 * (operator.md 2.5, 6).
 */
function knownBefore({ current, diagnostics, generation, state }: AuthProviderStatusInput): Judgement | undefined {
  if (state.reason !== notRequested || diagnostics.length > 0) return undefined;
  if (current?.observedGeneration !== generation || current.identity !== fetched(state).identity) return undefined;
  const found = current.conditions?.find(({ type }) => type === "CredentialsResolved");
  if (found === undefined || !outcomes.has(found.reason)) return undefined;
  const { status, reason, message } = found;
  return { type: "CredentialsResolved", status, reason, message };
}

/** Of what stands, for as long as it may be so. */
function fetchedBefore({ current, now }: AuthProviderStatusInput): Partial<AuthProviderStatus> {
  const { expirationTime, lastRefreshTime, lastError } = current ?? {};
  return {
    ...(expirationTime !== undefined && now < Date.parse(expirationTime) && { expirationTime }),
    ...(lastRefreshTime !== undefined && { lastRefreshTime }),
    ...(lastError !== undefined && { lastError }),
  };
}

function fetched({ identity, expiresAt, lastRefresh, lastError }: ProviderState): Partial<AuthProviderStatus> {
  return {
    ...(identity !== undefined && { identity: boundedMessage(identity) }),
    ...(expiresAt !== undefined && { expirationTime: timeText(expiresAt) }),
    ...(lastRefresh !== undefined && { lastRefreshTime: timeText(lastRefresh) }),
    ...(lastError !== undefined && { lastError: toLastError(lastError) }),
  };
}

/** What is not about a credential is mended by an edit of the object. */
function outlook(failed: Judgement): Outlook {
  return credentialOutlook(failed.reason) ?? "stuck";
}

function moreOf(count: number): string {
  return count > 1 ? ` (and ${count - 1} more)` : "";
}
