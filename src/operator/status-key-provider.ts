import type { KeyProviderStatus } from "../api/status.ts";
import { accepted, conditionsOf, type Judgement, programmed, type Summary } from "./status-conditions.ts";
import type { KeyProviderStatusInput } from "./status-input.ts";

/** The status that a KeyProvider should have: which keys it gives, by fingerprint. Pure. */
export function keyProviderStatus(input: KeyProviderStatusInput): KeyProviderStatus {
  const valid = accepted(input.diagnostics);
  const aspects = [valid, trust(input, valid), programmed(input.programmed)];
  const summary: Summary = {
    // A Secret or ConfigMap wakes this object when it changes; an invalid spec, or a key that is written into it, has to be edited.
    outlook: (failed) => (failed.type === "TrustResolved" && input.readsMaterial ? "retried" : "stuck"),
    ...(input.programmed && { ready: { reason: "Succeeded", message: keysGiven(input.keys.length) } }),
  };
  return {
    observedGeneration: input.generation,
    conditions: conditionsOf(aspects, summary, input),
    keyCount: input.keys.length,
    // Left out while there are none: the API server drops a list whose last item an apply takes away, and would be told again that it is empty.
    ...(input.keys.length > 0 && { keys: input.keys.map(({ name, algorithm, fingerprint }) => ({ name, algorithm, fingerprint })) }),
  };
}

function trust(input: KeyProviderStatusInput, valid: Judgement): Judgement {
  const type = "TrustResolved";
  if (valid.status === "False") return { type, status: "Unknown", reason: "Pending", message: "Not looked into: the spec is not valid" };
  if (input.problem !== undefined)
    return { type, status: "False", reason: input.isMissing === true ? "RefNotFound" : "KeyUnusable", message: input.problem };
  if (input.keys.length === 0) return { type, status: "False", reason: "NoTrustedKeys", message: "It gives no key" };
  return { type, status: "True", reason: "KeysLoaded", message: keysGiven(input.keys.length) };
}

function keysGiven(keys: number): string {
  return keys === 1 ? "1 key is loaded" : `${keys} keys are loaded`;
}
