import { ByteBudget } from "./bytes.ts";
import { Findings } from "./evidence.ts";
import { evaluateExpressions } from "./evaluate-expressions.ts";
import { groupByLocation, isReader } from "./locations.ts";
import { evaluatePolicies, isDecided, type PolicyState } from "./policy.ts";
import type { Report } from "./report.ts";
import type { JudgeRequest, VerifyDeps } from "./request.ts";
import { reportOf } from "./report-of.ts";
import { type SurveyPlan, surveyAll } from "./signed.ts";
import type { Flight } from "./verdict-cache.ts";
import type { View, ViewPolicy } from "./view.ts";

/** Surveys every location, evaluates the policies as results come, and stops as soon as no policy can change any more (design 6.6). */
export async function judgeSubject(
  request: JudgeRequest,
  deps: VerifyDeps & { readonly hedgeMs: number },
  flight: Flight,
): Promise<Report> {
  const { view, reference, digest, budget, occasion } = request;
  const groups = groupByLocation(view.stores.filter(isReader), reference.repository, deps.memory);
  const defects = defectsOf(view);
  const findings = new Findings({ groups, subject: digest, verifiers: view.verifiers, defects });
  const plan: SurveyPlan = { groups, verifiers: view.verifiers, defects, depth: 1, nested: [] };
  const expressionFailures = new Map<string, string>();
  const states = (): readonly PolicyState[] => evaluatePolicies(view, findings, occasion);
  const report = (isEnded: boolean): Report =>
    reportOf({ request, view, groups, findings, nested: plan.nested, states: states(), expressionFailures, isEnded });
  flight.observable(() => report(true));
  const decided = new AbortController();
  const stopped = AbortSignal.any([flight.signal, decided.signal]);
  const progressed = (): void => {
    if (isDecided(evaluatePolicies(view, findings.soFar(), occasion)))
      decided.abort(new DOMException("The verdict can no longer change", "AbortError"));
  };
  const verifiers = view.verifiers.flatMap((entry) => entry.verifier ?? []);
  await surveyAll(
    plan,
    {
      clock: deps.clock,
      budget,
      bytes: new ByteBudget(),
      hedgeMs: deps.hedgeMs,
      memory: deps.memory,
      results: deps.results,
      repository: reference.repository,
      // Of a digest reference nothing but the digest is known, and nothing else is needed.
      subject: { digest, mediaType: "", size: 0 },
      verifiers,
      findings,
      signersWanted: (verifier) => signersWanted(verifier, view.policies),
      progressed,
    },
    stopped,
  );
  // Last: why it could not list is what matters of a Store that could not resolve the tag either.
  for (const [name, failure] of request.failures) findings.addFailure(name, failure);
  if (!flight.signal.aborted) await evaluateExpressions({ request, findings, expressionFailures }, deps, flight.signal);
  return report(flight.signal.aborted);
}

/** An invalid Store does not disappear (design 2.1): it keeps a verdict from being a deny. */
function defectsOf(view: View): { readonly blocked: boolean; readonly partial: boolean } {
  const invalid = view.stores.filter((entry) => entry.store === undefined);
  return { blocked: invalid.some((entry) => entry.evidence === "Required"), partial: invalid.length > 0 };
}

/** An expression may look at every one of them. */
function signersWanted(verifier: string, policies: readonly ViewPolicy[]): number {
  const leaves = policies.flatMap(({ require }) => require).flatMap(({ anyOf }) => anyOf);
  const wanted = leaves.map((leaf) =>
    leaf.type === "expression" ? Number.POSITIVE_INFINITY : leaf.verifier === verifier ? leaf.atLeast : 1,
  );
  return Math.max(1, ...wanted);
}
