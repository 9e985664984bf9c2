import { keyOfId } from "../api/object.ts";
import type { AuthProviderStatus } from "../api/status.ts";
import { accepted, conditionsOf, type Judgement, type Outlook, programmed } from "./status-conditions.ts";
import type { AuthProviderStatusInput } from "./status-input.ts";

/** The status that an AuthProvider should have (design 3 on conflicts, operator.md 2.1). Pure. */
export function authProviderStatus(input: AuthProviderStatusInput): AuthProviderStatus {
  const valid = acceptance(input);
  const aspects = [valid, credentials(input), programmed(input.programmed)];
  const ready = { reason: "Succeeded", message: input.state.message };
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(aspects, { outlook, ...(input.programmed && { ready }) }, input),
    ...(input.type !== undefined && { type: input.type }),
    boundStores: input.boundStores,
    ...(input.credentialRevision !== undefined && { credentialRevision: input.credentialRevision }),
  };
}

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

function credentials({ diagnostics, state }: AuthProviderStatusInput): Judgement {
  const type = "CredentialsResolved";
  if (diagnostics.length > 0) return { type, status: "Unknown", reason: "Pending", message: "Not looked into: the spec is not valid" };
  const message = [state.message, ...state.warnings].join("; ");
  return { type, status: state.ready ? "True" : "False", reason: state.reason, message };
}

/** What it reads is mended by an edit of the Secret, and comes in by watch: the object itself has nothing to be edited for. */
const retriedReasons: ReadonlySet<string> = new Set(["RefNotFound", "CredentialExpired", "CredentialInvalid", "NoMatchingKey"]);
function outlook(failed: Judgement): Outlook {
  return retriedReasons.has(failed.reason) ? "retried" : "stuck";
}

function moreOf(count: number): string {
  return count > 1 ? ` (and ${count - 1} more)` : "";
}
