import type { Clock } from "../kernel/clock.ts";
import { Limit } from "../kernel/limit.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { Budget } from "./budget.ts";
import { Findings } from "./evidence.ts";
import { evaluateBuiltIn } from "./leaf.ts";
import { groupByLocation, isReader, type OrderMemory, type Reader } from "./locations.ts";
import type { Report } from "./report.ts";
import { plainReport, reportOf } from "./report-of.ts";
import type { ResultCache } from "./result-cache.ts";
import { resolveSubject } from "./subject.ts";
import { type SurveyDeps, surveyLocation } from "./survey.ts";
import type { VerdictCache } from "./verdict-cache.ts";
import { subjectVerdict } from "./verdict.ts";
import type { View } from "./view.ts";

export interface VerifyRequest {
  /** As it was asked for; echoed in the report. */
  readonly image: string;
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
/** Artifacts of one image that are read at a time. */
const readingAtOnce = 8;

/**
 * From an image to a verdict (design 6), by the built-in policy: at least one signature Verifier verified at least one artifact. Never throws on account
 * of a store, an artifact or a verifier; when `signal` aborts, or the time is up, it answers with what is known.
 */
export async function verifyImage(request: VerifyRequest, deps: VerifyDeps, signal: AbortSignal): Promise<Report> {
  const { image, reference, view } = request;
  const budget = new Budget(deps.clock, deps.totalMs ?? defaults.totalMs);
  const base = { image, viewRevision: view.revision, budget };
  if (view.stores.length === 0) {
    return plainReport(
      base,
      { outcome: "deny", code: "NoStore", reasons: [`no Store has scopes that match ${printRepository(reference.repository)}`] },
      view,
    );
  }
  if (view.verifiers.length === 0) {
    return plainReport(
      base,
      { outcome: "inconclusive", code: "NotConfigured", causes: ["there is no Verifier: nothing says which signatures are trusted"] },
      view,
    );
  }
  using deadline = deps.clock.deadline(deps.totalMs ?? defaults.totalMs, signal);
  const readers = view.stores.filter(isReader);
  const { memory, clock, hedgeMs = defaults.hedgeMs } = deps;
  const subject = await resolveSubject(reference, readers, { clock, budget, hedgeMs, memory }, deadline.signal);
  if (subject.outcome !== "resolved") return plainReport(base, subjectVerdict(subject, reference, deadline.signal), view);
  const { digest } = subject;
  const work = (aborted: AbortSignal): Promise<Report> => survey({ ...request, digest, readers, budget }, { ...deps, hedgeMs }, aborted);
  if (deps.verdicts === undefined) return await work(deadline.signal);
  const key = [view.revision, request.namespace ?? "", printRepository(reference.repository), digest].join(" ");
  try {
    return { ...(await deps.verdicts.run(key, work, deadline.signal)), image };
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    // The verification goes on for whoever asks next; this caller has to answer now.
    return {
      ...plainReport(
        base,
        { outcome: "inconclusive", code: "Timeout", causes: [`${image} was still being verified when the request ended`] },
        view,
      ),
      digest,
    };
  }
}

async function survey(
  request: VerifyRequest & { readonly digest: Digest; readonly readers: readonly Reader[]; readonly budget: Budget },
  deps: VerifyDeps & { readonly hedgeMs: number },
  signal: AbortSignal,
): Promise<Report> {
  const { view, reference, readers, digest, budget } = request;
  const { repository } = reference;
  const groups = groupByLocation(readers, repository, deps.memory);
  const verifiers = view.verifiers.flatMap((entry) => entry.verifier ?? []);
  const blocked =
    view.verifiers.some((entry) => entry.problem !== undefined) ||
    view.stores.some((entry) => !isReader(entry) && entry.evidence === "Required");
  const findings = new Findings(groups, blocked);
  const signatureVerifiers = verifiers.filter((verifier) => verifier.kind === "signature").map((verifier) => verifier.name);
  // Aborted as soon as the outcome can no longer change: on `true`. A `false` needs complete evidence, and then there is nothing left to abort.
  const decided = new AbortController();
  const surveyDeps: SurveyDeps = {
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
    reading: new Limit(readingAtOnce),
    progressed: () => {
      if (evaluateBuiltIn(signatureVerifiers, findings.evidence()) === "true")
        decided.abort(new DOMException("The verdict can no longer change", "AbortError"));
    },
  };
  const stopped = AbortSignal.any([signal, decided.signal]);
  await Promise.allSettled(groups.map((group) => surveyLocation(group, surveyDeps, stopped)));
  const truth = evaluateBuiltIn(signatureVerifiers, findings.evidence());
  return reportOf({ request, groups, findings, truth, isTimedOut: signal.aborted && !decided.signal.aborted });
}
