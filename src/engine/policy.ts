import { and, or, type Truth } from "./kleene.ts";
import { type Evidence, evaluateLeaf } from "./leaf.ts";
import type { View, ViewException, ViewLeaf, ViewPolicy, ViewRequirement } from "./view.ts";

/** When, and by what kind of name, an image is judged: fixed at the beginning of a verification. */
export interface Occasion {
  /** Epoch ms. */
  readonly now: number;
  /** By a tag alone: what it stands for may be another image tomorrow. */
  readonly isTag: boolean;
}

/** One policy and what it has come to. */
export interface PolicyState {
  readonly policy: ViewPolicy;
  readonly value: Truth;
  /** The one that lets the image through, and lasts longest. */
  readonly exception?: ViewException;
  /** The policy refuses tags, and the image was named by one. */
  readonly refusesTag: boolean;
  readonly requirements: readonly RequirementState[];
}
export interface RequirementState {
  readonly requirement: ViewRequirement;
  readonly value: Truth;
  readonly leaves: readonly LeafState[];
}
export interface LeafState {
  readonly leaf: ViewLeaf;
  readonly value: Truth;
}

/** A policy without requirements would allow every image: no decoder lets it through, and should one come all the same, it is invalid. */
export function soundPolicy(policy: ViewPolicy): ViewPolicy {
  return policy.require.length > 0 || policy.problem !== undefined ? policy : { ...policy, problem: `${policy.name} requires nothing` };
}

/** Pure, and independent of any order. An invalid policy is unknown whatever was found (design 2.1). */
export function evaluatePolicy(policy: ViewPolicy, evidence: Evidence, occasion: Occasion): PolicyState {
  const requirements = policy.require.map((requirement): RequirementState => {
    const leaves = requirement.anyOf.map((leaf): LeafState => ({ leaf, value: evaluateLeaf(leaf, evidence) }));
    return { requirement, value: or(leaves.map(({ value }) => value)), leaves };
  });
  const state = { policy, requirements, refusesTag: false } as const;
  if (policy.problem !== undefined || requirements.length === 0) return { ...state, value: "unknown" };
  const exception = activeException(policy, occasion.now);
  if (exception !== undefined) return { ...state, value: "true", exception };
  if (policy.tags === "Refuse" && occasion.isTag) return { ...state, value: "false", refusesTag: true };
  return { ...state, value: and(requirements.map(({ value }) => value)) };
}

export function evaluatePolicies(view: View, evidence: Evidence, occasion: Occasion): readonly PolicyState[] {
  return view.policies.map((policy) => evaluatePolicy(policy, evidence, occasion));
}

/** The verdict's value: the policies that enforce, all of them; `Warn` and `Audit` never move it (design 6.7). */
export function foldPolicies(states: readonly PolicyState[]): Truth {
  return and(states.filter(({ policy }) => policy.enforcement === "Enforce").map(({ value }) => value));
}

/** Nothing that is still to be found could change any of them, those that only warn included: their answer is wanted too. */
export function isDecided(states: readonly PolicyState[]): boolean {
  return foldPolicies(states) !== "unknown" && states.every(({ policy, value }) => policy.enforcement === "Enforce" || value !== "unknown");
}

/** Counts up to, and not at, the moment when it ends. */
function activeException(policy: ViewPolicy, now: number): ViewException | undefined {
  return policy.exceptions
    .filter(({ expirationTime }) => expirationTime > now)
    .toSorted((a, b) => b.expirationTime - a.expirationTime || (a.reason < b.reason ? -1 : 1))[0];
}

/** The expressions of the policies whose value is open, each once. */
export function openExpressions(states: readonly PolicyState[]): readonly string[] {
  const open = states
    .filter(({ policy, value }) => value === "unknown" && policy.problem === undefined)
    .flatMap(({ requirements }) => requirements)
    .filter(({ value }) => value === "unknown")
    .flatMap(({ leaves }) => leaves)
    .flatMap(({ leaf }) => (leaf.type === "expression" ? leaf.expression : []));
  return [...new Set(open)].toSorted();
}
