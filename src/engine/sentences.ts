import { builtInName } from "./built-in.ts";
import type { Findings } from "./evidence.ts";
import { countOf, isRejected } from "./leaf.ts";
import type { LeafState, PolicyState, RequirementState } from "./policy.ts";
import type { LeafReport, PolicyReport } from "./report.ts";
import { describeObject, type View, type ViewLeaf } from "./view.ts";

/** What the sentences about policies are made of. */
export interface Told {
  readonly view: View;
  readonly findings: Findings;
  /** By expression: why it has no value. */
  readonly expressionFailures: ReadonlyMap<string, string>;
}

/** Of an expression in a sentence. */
const shownExpression = 120;

export function policyReport(state: PolicyState, told: Told): PolicyReport {
  const { policy, exception } = state;
  const outcomes = { true: "allow", false: "deny", unknown: "inconclusive" } as const;
  return {
    name: policy.name,
    enforcement: policy.enforcement,
    onInconclusive: policy.onInconclusive,
    outcome: outcomes[state.value],
    reason: policyReason(state, told),
    ...(exception !== undefined && { exception }),
    requirements: state.requirements.map(({ requirement, value, leaves }) => ({
      ...(requirement.name !== undefined && { name: requirement.name }),
      value,
      leaves: leaves.map((leaf) => leafReport(leaf, told)),
    })),
  };
}

/** Why a policy has the value that it has: the shortest sentence that is true, to follow its name and a colon. */
export function policyReason(state: PolicyState, told: Told): string {
  const { policy, value, exception, refusesTag, requirements } = state;
  if (policy.problem !== undefined) return policy.problem;
  if (exception !== undefined) return `exempt until ${new Date(exception.expirationTime).toISOString()}: ${exception.reason}`;
  if (refusesTag) return "refuses tags: name the image by its digest";
  const deciding = requirements.filter((requirement) => requirement.value === value);
  if (policy.name === builtInName && value !== "true") return "needs a valid signature by a trusted key";
  return deciding.map((requirement) => requirementReason(requirement, told)).join("; ");
}

function requirementReason({ value, leaves }: RequirementState, told: Told): string {
  if (value === "true")
    return leaves
      .filter((leaf) => leaf.value === "true")
      .slice(0, 1)
      .map((leaf) => leafReason(leaf, told))
      .join("");
  const open = leaves.filter((leaf) => leaf.value === value);
  return open.map((leaf) => leafReason(leaf, told)).join(", or ");
}

function leafReport(state: LeafState, told: Told): LeafReport {
  const { leaf, value } = state;
  const reason = leafReason(state, told);
  if (leaf.type === "expression") return { value, reason, expression: leaf.expression };
  const { verifier, atLeast, count, every } = leaf;
  const results = told.findings.results(verifier);
  return { value, reason, verifier, atLeast, count, every, has: countOf(leaf, results), signers: signersOf(leaf, told) };
}

function leafReason(state: LeafState, told: Told): string {
  return state.leaf.type === "expression" ? expressionReason(state, state.leaf.expression, told) : verifierReason(state, state.leaf, told);
}

function verifierReason({ value }: LeafState, leaf: VerifierLeaf, told: Told): string {
  const verifier = describeObject("Verifier", leaf.verifier);
  const entry = told.view.verifiers.find(({ name }) => name === leaf.verifier);
  const results = told.findings.results(leaf.verifier);
  const has = countOf(leaf, results);
  const signers = signersOf(leaf, told);
  const names = signers.length === 0 ? "" : ` (${signers.slice(0, 5).join(", ")}${signers.length > 5 ? ", …" : ""})`;
  if (value === "true") return `${amount(leaf, has)} of ${verifier}${names}`;
  const needs = `needs ${amount(leaf, leaf.atLeast)} of ${verifier}`;
  if (entry?.isOutOfScope === true) return `${needs}, whose scopes do not match the image`;
  const rejected = leaf.every ? results.find(isRejected) : undefined;
  if (rejected !== undefined && value === "false") {
    const why = rejected.outcome === "rejected" ? rejected.reason : "";
    return `needs every artifact accepted by ${verifier}, and it rejected ${rejected.artifact} (${why})`;
  }
  return `${needs}, has ${has}${names}${value === "unknown" ? " so far" : ""}`;
}

type VerifierLeaf = Extract<ViewLeaf, { type: "verifier" }>;

function amount({ count }: VerifierLeaf, number: number): string {
  return `${number} ${count === "Signers" ? "signer" : "artifact"}${number === 1 ? "" : "s"}`;
}

function signersOf(leaf: VerifierLeaf, { findings }: Told): readonly string[] {
  const names = findings
    .results(leaf.verifier)
    .flatMap((result) => (result.outcome === "verified" ? result.signers.map((signer) => signer.name) : []));
  return [...new Set(names)].toSorted();
}

function expressionReason({ value }: LeafState, expression: string, told: Told): string {
  const oneLine = expression.replaceAll(/\s+/gu, " ").trim();
  const shown = oneLine.length > shownExpression ? `${oneLine.slice(0, shownExpression - 1)}…` : oneLine;
  switch (value) {
    case "true":
      return `expression holds: ${shown}`;
    case "false":
      return `expression does not hold: ${shown}`;
    case "unknown": {
      const failure = told.expressionFailures.get(expression);
      return failure === undefined ? `expression waits for complete evidence: ${shown}` : `expression has no value (${failure}): ${shown}`;
    }
  }
}
