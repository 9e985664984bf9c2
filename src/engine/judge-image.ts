import { mapLimited } from "../kernel/limit.ts";
import type { Digest } from "../oci/digest.ts";
import { combine, worstOf } from "./combine.ts";
import { judgeSubject } from "./judge-subject.ts";
import { findPlatforms } from "./platforms.ts";
import { evaluatePolicies, foldPolicies } from "./policy.ts";
import { nothingFound } from "./evidence.ts";
import type { Report, Verdict } from "./report.ts";
import { plainReport } from "./report-of.ts";
import type { JudgeRequest, VerifyDeps } from "./request.ts";
import type { Flight } from "./verdict-cache.ts";
import { verdictOf } from "./verdict.ts";
import type { ViewPolicy } from "./view.ts";

/** Of one index that are judged at a time. */
const platformsAtOnce = 4;

type Deps = VerifyDeps & { readonly hedgeMs: number };

/**
 * Judges an image of a known digest. Policies with `platforms: Named` want evidence of each manifest of an index, and are asked of each by itself; whatever keeps
 * the manifests from being known keeps these policies open.
 */
export async function judgeImage(request: JudgeRequest, deps: Deps, flight: Flight): Promise<Report> {
  const named = request.view.policies.filter(isNamed);
  if (named.length === 0) return await judgeSubject(request, deps, flight);
  const platforms = await findPlatforms(request, flight.signal);
  if (platforms.outcome === "manifest") return await judgeSubject(request, deps, flight);
  const others = request.view.policies.filter((policy) => !isNamed(policy));
  // Nothing but their own policies is asked of the platforms, nor theirs of the index.
  const withPolicies = (policies: readonly ViewPolicy[], digest: Digest): JudgeRequest => ({
    ...request,
    digest,
    view: { ...request.view, policies },
  });
  // Nobody is told what is known so far: a part of the policies may allow what the rest of them does not.
  const silent: Flight = { signal: flight.signal, observable: () => {} };
  const index = others.length === 0 ? [] : [await judgeSubject(withPolicies(others, request.digest), deps, silent)];
  if (platforms.outcome === "unknown") return combine([...index, unknownPlatforms(withPolicies(named, request.digest), platforms.cause)]);
  const judge = (digest: Digest): Promise<Report> =>
    judgeSubject({ ...withPolicies(named, digest), budget: request.budget.withOwnBytes() }, deps, silent);
  const reports = await mapLimited(platforms.digests, judge, {
    concurrency: platformsAtOnce,
    signal: new AbortController().signal, // each answers by itself when the flight's signal aborts
  });
  return { ...combine([...index, worstOf(reports, request.digest)]), digest: request.digest };
}

function isNamed({ platforms }: ViewPolicy): boolean {
  return platforms === "Named";
}

function unknownPlatforms(request: JudgeRequest, cause: string): Report {
  const { view, occasion, digest } = request;
  const findings = nothingFound(view.verifiers);
  const states = evaluatePolicies(view, findings.soFar(), occasion);
  // Where they only warn, or let the image through whatever is found, nothing depends on it.
  const verdict: Verdict =
    foldPolicies(states) === "unknown"
      ? { outcome: "inconclusive", code: "SubjectUnresolved", causes: [cause] }
      : verdictOf({ view, groups: [], findings, states, expressionFailures: new Map(), isEnded: false });
  return { ...plainReport(request, verdict, states), digest };
}
