import type { ExceptionSpec, PolicySpec } from "../api/policy.ts";
import type { ConditionReason } from "../api/reasons.ts";
import type { PolicyStatus } from "../api/status.ts";
import { accepted, conditionsOf, type Judgement, programmed, type Summary } from "./status-conditions.ts";
import type { PolicyStatusInput } from "./status-input.ts";
import { timeText } from "./status-time.ts";

/** How long before its end an exception is announced. */
export const announcedMs = 7 * 24 * 3600 * 1000;

/** The status that a Policy should have (operator.md 2.1). Pure. */
export function policyStatus(input: PolicyStatusInput): PolicyStatus {
  const valid = accepted(input.diagnostics);
  const aspects = [valid, trust(input, valid), programmed(input.programmed)];
  const summary: Summary = {
    // A Verifier that is missing or broken wakes this object when it changes.
    outlook: (failed) => (failed.type === "Accepted" ? "stuck" : "retried"),
    ...(input.programmed && { ready: { reason: readyReason(input), message: readyMessage(input) } }),
  };
  const ending = endingExceptions(input.spec, input.now);
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(aspects, summary, input),
    enforcement: valid.status === "True" ? (input.spec?.enforcement ?? "Enforce") : "Enforce",
    ...(input.spec !== undefined && { requirements: input.spec.require.length }),
    ...(ending.length > 0 && {
      expiringExceptions: ending.map(({ reason, expirationTime, scopes }) => ({
        reason,
        expirationTime: timeText(expirationTime),
        scopes: scopes.length,
      })),
    }),
  };
}

/** When a status that is right now is not any more though nothing changes: an exception is to be announced, or ends. Epoch ms. */
export function nextPolicyMoment(spec: Pick<PolicySpec, "exceptions"> | undefined, now: number): number | undefined {
  const moments = (spec?.exceptions ?? []).flatMap(({ expirationTime }) => [expirationTime - announcedMs, expirationTime]);
  const future = moments.filter((moment) => moment > now);
  return future.length === 0 ? undefined : Math.min(...future);
}

/** Those that end within a week, or have ended; the first to end first. */
function endingExceptions(spec: PolicySpec | undefined, now: number): readonly ExceptionSpec[] {
  return (spec?.exceptions ?? [])
    .filter(({ expirationTime }) => expirationTime - announcedMs <= now)
    .toSorted((a, b) => a.expirationTime - b.expirationTime);
}

function trust(input: PolicyStatusInput, valid: Judgement): Judgement {
  const type = "TrustResolved";
  if (valid.status === "False") return { type, status: "Unknown", reason: "Pending", message: "Not looked into: the spec is not valid" };
  const [problem, ...others] = input.problems;
  if (problem === undefined) return { type, status: "True", reason: "Resolved", message: verifiersMessage(input.verifiers) };
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return { type, status: "False", reason: "DependencyNotReady", message: `${problem}${more}` };
}

function verifiersMessage(verifiers: number): string {
  if (verifiers === 0) return "It names no Verifier";
  return verifiers === 1 ? "The Verifier that it names is ready" : `The ${verifiers} Verifiers that it names are ready`;
}

/** What is still to be done something about comes first. */
function readyReason({ spec, now }: PolicyStatusInput): ConditionReason {
  const ending = endingExceptions(spec, now);
  if (ending.some(({ expirationTime }) => expirationTime > now)) return "ExceptionExpiring";
  return ending.length > 0 ? "ExceptionExpired" : "Succeeded";
}

/** Of exceptions by number and time only: what people wrote is no part of a message (design 2.1). */
function readyMessage({ spec, now, verifiers }: PolicyStatusInput): string {
  const ending = endingExceptions(spec, now);
  const ended = ending.filter(({ expirationTime }) => expirationTime <= now);
  const next = ending.find(({ expirationTime }) => expirationTime > now);
  const said = [
    ...(next === undefined ? [] : [`an exception ends ${timeText(next.expirationTime)}`]),
    ...(ended.length === 0 ? [] : [ended.length === 1 ? "an exception has ended" : `${ended.length} exceptions have ended`]),
  ];
  return [verifiersMessage(verifiers), ...said].join("; ");
}
