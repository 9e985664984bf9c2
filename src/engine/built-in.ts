import type { ViewPolicy, ViewVerifier } from "./view.ts";

/**
 * The policy in force where no cluster-scoped `Enforce` Policy matches: at least one signature Verifier verified at least one artifact (design 2).
 * A Verifier that is not ready may be a signature Verifier, and is one of the leaves.
 */
export function builtInPolicy(verifiers: readonly ViewVerifier[]): ViewPolicy {
  const leaves = verifiers
    .filter((entry) => entry.verifier === undefined || entry.verifier.kind === "signature")
    .map(({ name }) => ({ type: "verifier", verifier: name, atLeast: 1, count: "Signers", every: false }) as const);
  return {
    name: builtInName,
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [{ anyOf: leaves }],
  };
}

export const builtInName = "built-in policy";
