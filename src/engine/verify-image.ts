import { type Reference, printReference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { Budget } from "./budget.ts";
import { type Findings, nothingFound } from "./evidence.ts";
import { judgeImage } from "./judge-image.ts";
import { withoutMisplaced } from "./locations.ts";
import { evaluatePolicies, foldPolicies, isDecided, type Occasion, type PolicyState, soundPolicy } from "./policy.ts";
import type { Report, Verdict } from "./report.ts";
import { type Asked, plainReport } from "./report-of.ts";
import type { JudgeRequest, VerifyDeps, VerifyRequest } from "./request.ts";
import { resolveSubject } from "./subject.ts";
import { type Ask, BusyError, type Flight, flightMs } from "./verdict-cache.ts";
import { subjectVerdict, verdictOf } from "./verdict.ts";
import { describeObject, type View } from "./view.ts";

const defaults = { totalMs: 30_000, hedgeMs: 250 } as const;

/**
 * From an image to a verdict (design 6) by the policies of one view. Never throws on account of a store, an artifact, a verifier or an expression; when
 * `signal` aborts, or the time is up, it answers with what is known.
 */
export async function verifyImage(request: VerifyRequest, deps: VerifyDeps, signal: AbortSignal): Promise<Report> {
  const { image, reference } = request;
  const { stores, policies, ...rest } = request.view;
  const view = { ...rest, stores: withoutMisplaced(stores, reference.repository), policies: policies.map(soundPolicy) };
  const totalMs = deps.totalMs ?? defaults.totalMs;
  const hedgeMs = deps.hedgeMs ?? defaults.hedgeMs;
  const budget = new Budget(deps.clock, totalMs);
  const { called } = request;
  const asked: Asked = { image, reference, ...(called !== undefined && { called }), view, budget };
  const occasion: Occasion = { now: deps.clock.now(), isTag: reference.digest === undefined };
  const nothing = nothingFound(view.verifiers);
  const states = evaluatePolicies(view, nothing.soFar(), occasion);
  const certain = foldPolicies(states) === "true" ? decidedBy(view, { states, findings: nothing }) : undefined;
  // Where what enforces is satisfied from the beginning, whatever goes wrong keeps only those open that warn.
  const plain = (verdict: Verdict, failures?: Parameters<typeof plainReport>[3]): Report =>
    plainReport(asked, certain ?? verdict, states, failures);
  const unasked = unaskedVerdict(view, reference, { states, findings: nothing });
  if (unasked !== undefined) return plain(unasked);
  using deadline = deps.clock.deadline(totalMs, signal);
  const subject = await resolveSubject(
    reference,
    view.stores,
    { clock: deps.clock, budget, hedgeMs, memory: deps.memory },
    deadline.signal,
  );
  if (subject.outcome !== "resolved") return plain(subjectVerdict(subject, reference, deadline.signal), subject.failures);
  const judged = { ...request, view, digest: subject.digest, failures: subject.failures, occasion };
  const { verdicts } = deps;
  if (verdicts === undefined) {
    const flight: Flight = { signal: deadline.signal, observable: () => {} };
    return await judgeImage({ ...judged, budget }, { ...deps, hedgeMs }, flight);
  }
  const key = cacheKey(judged);
  const ask: Ask = {
    key,
    hosts: view.stores.flatMap(({ store }) => store?.locate(reference.repository).host ?? []),
    namespace: request.namespace?.name,
    isTenant: request.isTenant === true,
  };
  // On its own time: it goes on when this caller has left, to fill the cache; and it may begin much later than the request, when an exception has ended.
  const work = (flight: Flight): Promise<Report> =>
    judgeImage(
      { ...judged, occasion: { ...occasion, now: deps.clock.now() }, budget: new Budget(deps.clock, flightMs) },
      { ...deps, hedgeMs },
      flight,
    );
  const answer = async (): Promise<Report> => {
    try {
      return await verdicts.run(ask, work, deadline.signal);
    } catch (error) {
      if (error instanceof BusyError) return { ...plain(busy(image)), digest: subject.digest };
      if (!deadline.signal.aborted) throw error;
      return verdicts.soFar(key) ?? { ...plain(tooLate(image)), digest: subject.digest };
    }
  };
  return { ...(await answer()), image, durationMs: budget.elapsedMs };
}

/**
 * What a verdict depends on (design 6.7). Of the namespace and of how the image was named only where a policy looks at them: an image that a hundred
 * namespaces run is verified once.
 */
function cacheKey({ view, reference, digest, namespace, occasion }: Omit<JudgeRequest, "budget">): string {
  const leaves = view.policies.flatMap(({ require }) => require).flatMap(({ anyOf }) => anyOf);
  const labels = namespace?.labels === undefined ? null : Object.entries(namespace.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const seen = leaves.some(({ type }) => type === "expression")
    ? `${JSON.stringify([namespace?.name, labels])} ${printReference(reference)}`
    : "";
  const named = occasion.isTag && view.policies.some(({ tags }) => tags === "Refuse") ? "tag" : "";
  return [view.revision, printRepository(reference.repository), digest, named, seen].join(" ");
}

/** What can be said without asking anybody (design 2). Nobody to ask is a decision; nobody who could judge is none. */
function unaskedVerdict(
  view: View,
  reference: Reference,
  { states, findings }: { readonly states: readonly PolicyState[]; readonly findings: Findings },
): Verdict | undefined {
  const value = foldPolicies(states);
  const decided = (): Verdict => decidedBy(view, { states, findings });
  if (isDecided(states) && value === "true") return decided();
  if (view.stores.length === 0)
    return { outcome: "deny", code: "NoStore", reasons: [`no Store has scopes that match ${printRepository(reference.repository)}`] };
  const isConfigured = view.verifiers.length > 0 || states.some(({ refusesTag }) => refusesTag);
  if (value === "false" && isConfigured) return decided();
  const open = states.filter((state) => state.policy.enforcement === "Enforce" && state.value === "unknown");
  const [invalid] = open.filter(({ policy }) => policy.problem !== undefined);
  // No answer of a store could make it allow; whether it could make it deny matters to nobody who cannot run it anyway.
  if (invalid !== undefined && open.every(({ policy }) => policy.problem !== undefined))
    return { outcome: "inconclusive", code: "PolicyInvalid", causes: open.map(({ policy }) => policy.problem ?? "").toSorted() };
  if (view.verifiers.length === 0)
    return { outcome: "inconclusive", code: "NotConfigured", causes: ["there is no Verifier: nothing says which signatures are trusted"] };
  if (view.verifiers.every((entry) => entry.verifier === undefined) && view.verifiers.some((entry) => entry.isOutOfScope !== true))
    return {
      outcome: "inconclusive",
      code: "VerifierNotReady",
      causes: view.verifiers
        .map(({ name, problem }) => `${describeObject("Verifier", name)}: ${problem ?? "its scopes do not match the image"}`)
        .toSorted(),
    };
  return undefined;
}

function decidedBy(view: View, { states, findings }: { readonly states: readonly PolicyState[]; readonly findings: Findings }): Verdict {
  return verdictOf({ view, groups: [], findings, states, expressionFailures: new Map(), isEnded: false });
}

function busy(image: string): Verdict {
  return { outcome: "inconclusive", code: "Busy", causes: [`${image} was not verified: too many other images are being verified`] };
}

function tooLate(image: string): Verdict {
  return { outcome: "inconclusive", code: "Timeout", causes: [`${image} was still waiting to be verified when the request ended`] };
}
