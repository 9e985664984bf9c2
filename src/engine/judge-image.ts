import type { Failure } from "../api/error-class.ts";
import { mapLimited } from "../kernel/limit.ts";
import type { Digest } from "../oci/digest.ts";
import { combine, worstOf } from "./combine.ts";
import { describeFailure, toFailure } from "./failure.ts";
import { judgeSubject } from "./judge-subject.ts";
import { isReader, type Reader } from "./locations.ts";
import { evaluatePolicies } from "./policy.ts";
import { nothingFound } from "./evidence.ts";
import type { Report, Verdict } from "./report.ts";
import { plainReport } from "./report-of.ts";
import type { JudgeRequest, VerifyDeps } from "./request.ts";
import type { Flight } from "./verdict-cache.ts";
import type { ViewPolicy } from "./view.ts";
import { registryOf } from "../oci/repository.ts";

/** Platforms of one index; official images have a dozen. */
const mostPlatforms = 32;
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
  const reports = await mapLimited(platforms.digests, (digest) => judgeSubject(withPolicies(named, digest), deps, silent), {
    concurrency: platformsAtOnce,
    signal: new AbortController().signal, // each answers by itself when the flight's signal aborts
  });
  return { ...combine([...index, worstOf(reports, request.digest)]), digest: request.digest };
}

function isNamed({ platforms }: ViewPolicy): boolean {
  return platforms === "Named";
}

type Platforms =
  | { readonly outcome: "manifest" }
  | { readonly outcome: "index"; readonly digests: readonly Digest[] }
  | { readonly outcome: "unknown"; readonly cause: string };

/** What the digest names, by the first Store that has it; what it says is checked against the digest, so that any Store will do. */
async function findPlatforms({ view, reference, digest, budget }: JudgeRequest, signal: AbortSignal): Promise<Platforms> {
  const failures: string[] = [];
  for (const reader of view.stores.filter(isReader)) {
    using deadline = budget.deadline(reader.timeoutMs, signal);
    try {
      const { platforms } = await reader.store.resolve(reference.repository, { digest }, deadline.signal);
      if (platforms === undefined) return { outcome: "manifest" };
      const digests = [...new Set(platforms.map((platform) => platform.digest))].toSorted();
      if (digests.length === 0) return { outcome: "unknown", cause: `${digest} is an index that names no manifest` };
      if (digests.length > mostPlatforms)
        return {
          outcome: "unknown",
          cause: `${digest} is an index of ${digests.length} manifests, and at most ${mostPlatforms} are judged`,
        };
      return { outcome: "index", digests };
    } catch (error) {
      failures.push(describeFailure(reader.name, asFailure(error, reader, registryOf(reference.repository))));
    }
  }
  const asked = failures.length === 0 ? "no registry Store is asked about it" : failures.join(", ");
  return { outcome: "unknown", cause: `which manifests ${digest} names is not known: ${asked}` };
}

function asFailure(error: unknown, reader: Reader, host: string): Failure {
  return toFailure(error, { host, timeoutMs: reader.timeoutMs });
}

function unknownPlatforms(request: JudgeRequest, cause: string): Report {
  const { view, occasion, digest } = request;
  const states = evaluatePolicies(view, nothingFound(view.verifiers).soFar(), occasion);
  const verdict: Verdict = { outcome: "inconclusive", code: "SubjectUnresolved", causes: [cause] };
  return { ...plainReport(request, verdict, states), digest };
}
