import type { Findings } from "./evidence.ts";
import { describeFailure } from "./failure.ts";
import { isRequired } from "./found.ts";
import type { LocationGroup } from "./locations.ts";
import type { PolicyState } from "./policy.ts";
import type { InconclusiveCode, Verdict } from "./report.ts";
import { cut } from "./cut.ts";
import type { VerificationResult } from "./verifier.ts";
import { describeObject, type View } from "./view.ts";

/** What keeps a verdict open, and is told of. */
export interface OpenQuestion {
  readonly view: View;
  readonly groups: readonly LocationGroup[];
  readonly findings: Findings;
  readonly states: readonly PolicyState[];
  readonly expressionFailures: ReadonlyMap<string, string>;
  /** The time is up, or the caller has to answer now. */
  readonly isEnded: boolean;
}

interface Cause {
  readonly code: InconclusiveCode;
  readonly text: string;
}

/** What is broken before what follows from it: the first that applies is the verdict's code, whichever was noticed first. */
const precedence: readonly InconclusiveCode[] = [
  "PolicyInvalid",
  "StoreFailed",
  "VerifierNotReady",
  "LimitExceeded",
  "ArtifactUnreadable",
  "VerifierInconclusive",
  "ExpressionFailed",
];

export function inconclusive(open: OpenQuestion): Verdict {
  const { findings, groups, view, isEnded } = open;
  const extent = extentOf(view);
  const causes = [
    ...policyCauses(open),
    ...viewCauses(view, extent),
    ...listingCauses(groups, findings, extent),
    ...artifactCauses(findings, extent),
  ].toSorted((a, b) => precedence.indexOf(a.code) - precedence.indexOf(b.code) || (a.text < b.text ? -1 : 1));
  const texts = causes.map(({ text }) => text);
  const [first] = causes;
  if (first === undefined || (isEnded && findings.isOpen())) {
    const late = groups.filter((group) => findings.stateOf(group) === "open").map((group) => group.location.key);
    const what = late.length === 0 ? "every artifact had been judged" : `${late.join(", ")} had been read`;
    return { outcome: "inconclusive", code: "Timeout", causes: cut([`the request ended before ${what}`, ...texts]) };
  }
  return { outcome: "inconclusive", code: first.code, causes: cut(texts) };
}

type Extent = "required" | "whole";

/** Where a policy says something of all evidence (`every`, an expression), Optional Stores keep it open too. */
function extentOf({ policies }: View): Extent {
  const leaves = policies.flatMap(({ require }) => require).flatMap(({ anyOf }) => anyOf);
  return leaves.some((leaf) => leaf.type === "expression" || leaf.every) ? "whole" : "required";
}

/** Of the policies that enforce: an invalid one, and expressions without a value. */
function policyCauses({ states, expressionFailures }: OpenQuestion): readonly Cause[] {
  const open = states.filter(({ policy, value }) => policy.enforcement === "Enforce" && value === "unknown");
  return open.flatMap(({ policy, requirements }): readonly Cause[] => {
    if (policy.problem !== undefined) return [{ code: "PolicyInvalid", text: policy.problem }];
    const leaves = requirements.filter(({ value }) => value === "unknown").flatMap((requirement) => requirement.leaves);
    return leaves.flatMap(({ leaf }): readonly Cause[] => {
      const failure = leaf.type === "expression" ? expressionFailures.get(leaf.expression) : undefined;
      return failure === undefined ? [] : [{ code: "ExpressionFailed", text: `${policy.name}: an expression has no value: ${failure}` }];
    });
  });
}

function viewCauses(view: View, extent: Extent): readonly Cause[] {
  const stores = view.stores.flatMap(({ name, evidence, problem, store }): readonly Cause[] =>
    store === undefined && (evidence === "Required" || extent === "whole")
      ? [{ code: "StoreFailed", text: problem === undefined ? `${name} is invalid` : describeFailure(name, problem) }]
      : [],
  );
  const verifiers = view.verifiers.flatMap(({ name, problem, verifier, isOutOfScope }): readonly Cause[] =>
    isOutOfScope !== true && (problem !== undefined || verifier === undefined)
      ? [{ code: "VerifierNotReady", text: `${describeObject("Verifier", name)}: ${problem ?? "invalid"}` }]
      : [],
  );
  return [...stores, ...verifiers];
}

function listingCauses(groups: readonly LocationGroup[], findings: Findings, extent: Extent): readonly Cause[] {
  return groups
    .filter((group) => (group.required || extent === "whole") && findings.stateOf(group) === "failed")
    .flatMap((group) => group.readers)
    .flatMap(({ name }) => {
      const { failures, unlisted } = findings.store(name);
      return (unlisted === undefined ? failures : [unlisted]).map(
        (failure): Cause => ({
          code: failure.class === "LimitExceeded" ? "LimitExceeded" : "StoreFailed",
          text: describeFailure(name, failure),
        }),
      );
    });
}

const layerCodes = { none: "VerifierInconclusive", failure: "ArtifactUnreadable", limit: "LimitExceeded" } as const;

function artifactCauses(findings: Findings, extent: Extent): readonly Cause[] {
  return [...findings.artifacts.values()]
    .filter((found) => extent === "whole" || isRequired(found))
    .flatMap((found): readonly Cause[] => {
      const failures = [...found.attempts.values()].flatMap(({ store, failure }) => (failure === undefined ? [] : [{ store, failure }]));
      if (found.isSettled && found.content === undefined) {
        const texts = failures.map(({ store, failure }) => describeFailure(store, failure));
        const isLimit = failures.length > 0 && failures.every(({ failure }) => failure.class === "LimitExceeded");
        const text = `${found.digest}: ${[...new Set(texts)].toSorted().join(", ")}`;
        return [{ code: isLimit ? "LimitExceeded" : "ArtifactUnreadable", text }];
      }
      const code = layerCodes[found.layerUnread ?? "none"];
      return findings.resultsFor(found).flatMap((result) => {
        const cause = openCause(result);
        return cause === undefined ? [] : [{ code, text: `${describeObject("Verifier", result.verifier)} on ${found.digest}: ${cause}` }];
      });
    });
}

function openCause(result: VerificationResult): string | undefined {
  switch (result.outcome) {
    case "verified":
      return result.incomplete;
    case "rejected":
      return undefined;
    case "inconclusive":
      return result.cause;
  }
}
