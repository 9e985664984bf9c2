import type { VerifierStatus } from "../api/status.ts";
import { accepted, conditionsOf, type Judgement, programmed, type Summary } from "./status-conditions.ts";
import type { VerifierStatusInput } from "./status-input.ts";

/** The status that a Verifier should have. Pure. */
export function verifierStatus(input: VerifierStatusInput): VerifierStatus {
  const valid = accepted(input.diagnostics);
  const aspects = [valid, trust(input, valid), programmed(input.programmed)];
  const summary: Summary = {
    // A KeyProvider that is missing or broken wakes this object when it changes.
    outlook: (failed) => (failed.type === "Accepted" ? "stuck" : "retried"),
    ...(input.programmed && { ready: { reason: "Succeeded", message: keysTrusted(input.keys) } }),
  };
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(aspects, summary, input),
    keys: input.keys,
  };
}

function trust(input: VerifierStatusInput, valid: Judgement): Judgement {
  const type = "TrustResolved";
  if (valid.status === "False") return { type, status: "Unknown", reason: "Pending", message: "Not looked into: the spec is not valid" };
  if (input.problem !== undefined) return { type, status: "False", reason: "DependencyNotReady", message: input.problem };
  if (input.keys === 0) return { type, status: "False", reason: "NoTrustedKeys", message: "The KeyProviders that it names give no key" };
  return { type, status: "True", reason: "KeysLoaded", message: keysTrusted(input.keys) };
}

function keysTrusted(keys: number): string {
  return keys === 1 ? "1 key is trusted" : `${keys} keys are trusted`;
}
