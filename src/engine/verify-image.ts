import type { Clock } from "../kernel/clock.ts";
import { Limit } from "../kernel/limit.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { Budget } from "./budget.ts";
import { Findings } from "./evidence.ts";
import { evaluateBuiltIn } from "./leaf.ts";
import { groupByLocation, isReader, type LocationGroup, type OrderMemory, withoutMisplaced } from "./locations.ts";
import type { Report, Verdict } from "./report.ts";
import { plainReport, reportOf } from "./report-of.ts";
import type { ResultCache } from "./result-cache.ts";
import { resolveSubject, type Subject } from "./subject.ts";
import { type SurveyDeps, surveyLocation } from "./survey.ts";
import { type Flight, flightMs, type VerdictCache } from "./verdict-cache.ts";
import { subjectVerdict } from "./verdict.ts";
import type { View } from "./view.ts";

export interface VerifyRequest {
  /** As it was asked for; echoed in the report. */
  readonly image: string;
  /** Of a reference with a tag and a digest the digest counts, as for the kubelet. */
  readonly reference: Reference;
  readonly view: View;
  /** Of the object that wants to run the image; absent on the command line. */
  readonly namespace?: string;
}

export interface VerifyDeps {
  readonly clock: Clock;
  readonly memory: OrderMemory;
  readonly results: ResultCache;
  /** Absent: every verification is done anew. */
  readonly verdicts?: VerdictCache;
  /** For the whole verification, in ms. Default 30 s (design 6.7). */
  readonly totalMs?: number;
  /** After which a second Store of the same location is asked too, in ms. Default 250. */
  readonly hedgeMs?: number;
}

const defaults = { totalMs: 30_000, hedgeMs: 250 } as const;
/** Artifacts of one image that are read at a time, from each location. */
const readingAtOnce = 8;

/**
 * From an image to a verdict (design 6), by the built-in policy: at least one signature Verifier verified at least one artifact. Never throws on account
 * of a store, an artifact or a verifier; when `signal` aborts, or the time is up, it answers with what is known.
 */
export async function verifyImage(request: VerifyRequest, deps: VerifyDeps, signal: AbortSignal): Promise<Report> {
  const { image, reference } = request;
  const view = { ...request.view, stores: withoutMisplaced(request.view.stores, reference.repository) };
  const totalMs = deps.totalMs ?? defaults.totalMs;
  const hedgeMs = deps.hedgeMs ?? defaults.hedgeMs;
  const budget = new Budget(deps.clock, totalMs);
  const base = { image, viewRevision: view.revision, budget };
  const unfit = unaskedVerdict(view, reference);
  if (unfit !== undefined) return plainReport(base, unfit, view);
  using deadline = deps.clock.deadline(totalMs, signal);
  const subject = await resolveSubject(
    reference,
    view.stores,
    { clock: deps.clock, budget, hedgeMs, memory: deps.memory },
    deadline.signal,
  );
  if (subject.outcome !== "resolved") return plainReport(base, subjectVerdict(subject, reference, deadline.signal), view, subject.failures);
  const found = { ...request, view, subject };
  const { verdicts } = deps;
  if (verdicts === undefined) {
    const flight: Flight = { signal: deadline.signal, observable: () => {} };
    return await survey({ ...found, budget }, { ...deps, hedgeMs }, flight);
  }
  const key = [view.revision, request.namespace ?? "", printRepository(reference.repository), subject.digest].join(" ");
  // On its own time: it goes on when this caller has left, to fill the cache.
  const work = (flight: Flight): Promise<Report> =>
    survey({ ...found, budget: new Budget(deps.clock, flightMs) }, { ...deps, hedgeMs }, flight);
  const answer = async (): Promise<Report> => {
    try {
      return await verdicts.run(key, work, deadline.signal);
    } catch (error) {
      if (!deadline.signal.aborted) throw error;
      return verdicts.soFar(key) ?? { ...plainReport(base, tooLate(image), view), digest: subject.digest };
    }
  };
  return { ...(await answer()), image, durationMs: budget.elapsedMs };
}

/** What can be said without asking anybody (design 2). Nobody to ask is a decision; nobody who could judge is none. */
function unaskedVerdict(view: View, reference: Reference): Verdict | undefined {
  if (view.stores.length === 0)
    return { outcome: "deny", code: "NoStore", reasons: [`no Store has scopes that match ${printRepository(reference.repository)}`] };
  if (view.verifiers.length === 0)
    return { outcome: "inconclusive", code: "NotConfigured", causes: ["there is no Verifier: nothing says which signatures are trusted"] };
  // No answer of a store could make it allow or deny.
  if (view.verifiers.every((entry) => entry.verifier === undefined))
    return {
      outcome: "inconclusive",
      code: "VerifierNotReady",
      causes: view.verifiers.map(({ name, problem }) => `Verifier/${name}: ${problem ?? "invalid"}`).toSorted(),
    };
  return undefined;
}

function tooLate(image: string): Verdict {
  return { outcome: "inconclusive", code: "Timeout", causes: [`${image} was still waiting to be verified when the request ended`] };
}

async function survey(
  request: VerifyRequest & { readonly subject: Extract<Subject, { outcome: "resolved" }>; readonly budget: Budget },
  deps: VerifyDeps & { readonly hedgeMs: number },
  flight: Flight,
): Promise<Report> {
  const { view, reference, budget } = request;
  const { repository } = reference;
  const { digest, failures } = request.subject;
  const groups = groupByLocation(view.stores.filter(isReader), repository, deps.memory);
  const verifiers = view.verifiers.flatMap((entry) => entry.verifier ?? []);
  const findings = new Findings({ groups, subject: digest, verifiers, defects: defectsOf(view) });
  const signatureVerifiers = verifiers.filter((verifier) => verifier.kind === "signature").map((verifier) => verifier.name);
  const truth = (): ReturnType<typeof evaluateBuiltIn> => evaluateBuiltIn(signatureVerifiers, findings.evidence());
  const report = (isEnded: boolean): Report => reportOf({ request: { ...request, digest }, groups, findings, truth: truth(), isEnded });
  flight.observable(() => report(true));
  // Aborted as soon as the outcome can no longer change: on `true`. A `false` needs complete evidence, and then there is nothing left to abort.
  const decided = new AbortController();
  const surveyDeps: Omit<SurveyDeps, "reading"> = {
    clock: deps.clock,
    budget,
    hedgeMs: deps.hedgeMs,
    memory: deps.memory,
    results: deps.results,
    repository,
    // Of a digest reference nothing but the digest is known, and nothing else is needed.
    subject: { digest, mediaType: "", size: 0 },
    verifiers,
    findings,
    progressed: () => {
      if (truth() === "true") decided.abort(new DOMException("The verdict can no longer change", "AbortError"));
    },
  };
  const stopped = AbortSignal.any([flight.signal, decided.signal]);
  await Promise.all(
    groups.map(async (group) => {
      try {
        await surveyLocation(group, { ...surveyDeps, reading: new Limit(readingAtOnce) }, stopped);
      } catch {
        // Either the reason of `stopped`, or a defect: of a plug-in, or ours. It fails its location, and nobody else's.
        if (!stopped.aborted) markDefect(group, findings);
      }
    }),
  );
  // Last: why it could not list is what matters of a Store that could not resolve the tag either.
  for (const [name, failure] of failures) findings.addFailure(name, failure);
  return report(flight.signal.aborted);
}

function markDefect(group: LocationGroup, findings: Findings): void {
  const message = `${group.location.host} could not be surveyed, for an unforeseen reason`;
  for (const { name } of group.readers) findings.addFailure(name, { class: "Internal", message });
  findings.settle(group, "failed");
}

/** An invalid object does not disappear (design 2.1): it keeps a verdict from being a deny. */
function defectsOf(view: View): { readonly blocked: boolean; readonly partial: boolean } {
  const invalid = view.stores.filter((entry) => entry.store === undefined);
  return {
    blocked:
      view.verifiers.some((entry) => entry.problem !== undefined || entry.verifier === undefined) ||
      invalid.some((entry) => entry.evidence === "Required"),
    partial: invalid.length > 0,
  };
}
