import { Limit } from "../kernel/limit.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { Findings, type Defects } from "./evidence.ts";
import { describeFailure } from "./failure.ts";
import type { Found } from "./found.ts";
import type { Signed } from "./judge.ts";
import { or } from "./kleene.ts";
import { evaluateLeaf } from "./leaf.ts";
import { limitExceeded } from "./limits.ts";
import type { LocationGroup } from "./locations.ts";
import { type SurveyDeps, surveyLocation } from "./survey.ts";
import type { ViewVerifier } from "./view.ts";

/** What a survey of one subject is made with, whatever its depth. */
export interface SurveyPlan {
  readonly groups: readonly LocationGroup[];
  readonly verifiers: readonly ViewVerifier[];
  readonly defects: Defects;
  /** Of the subject: the image is 1, what refers to it 2. */
  readonly depth: number;
  /** Findings of artifacts that are evidence themselves; filled as they are surveyed. */
  readonly nested: Findings[];
}

/** Artifacts of one subject that are read at a time, from each location. */
const readingAtOnce = 8;

/** Surveys every location for one subject, until `signal` aborts; never rejects. A defect fails its location, and nobody else's. */
export async function surveyAll(plan: SurveyPlan, deps: Omit<SurveyDeps, "reading" | "signed">, signal: AbortSignal): Promise<void> {
  const known = new Map<string, Promise<Signed>>();
  const signed: SurveyDeps["signed"] = (found, names, aborted) => {
    const key = `${found.digest} ${names.toSorted().join(" ")}`;
    const answer = known.get(key) ?? findSignature(found, { names, plan }, deps, aborted);
    known.set(key, answer);
    return answer;
  };
  await Promise.all(
    plan.groups.map(async (group) => {
      try {
        await surveyLocation(group, { ...deps, signed, reading: new Limit(readingAtOnce) }, signal);
      } catch {
        // Either the signal's reason, or a defect: of a plug-in, or ours.
        if (!signal.aborted) markDefect(group, deps.findings);
      }
    }),
  );
}

/** Whether one of the Verifiers `names` verifies a signature on the artifact: its referrers are surveyed as the image's are, one level deeper. */
async function findSignature(
  found: Found,
  { names, plan }: { readonly names: readonly string[]; readonly plan: SurveyPlan },
  deps: Omit<SurveyDeps, "reading" | "signed">,
  signal: AbortSignal,
): Promise<Signed> {
  const subject = subjectOf(found);
  const verifiers = names.map(
    (name): ViewVerifier => plan.verifiers.find((entry) => entry.name === name) ?? { name, problem: "does not exist" },
  );
  const findings = new Findings({ groups: plan.groups, subject: subject.digest, verifiers, defects: plan.defects });
  plan.nested.push(findings);
  const depth = plan.depth + 1;
  const open = plan.groups.filter((group) => isWithinDepth(group, depth, findings));
  const value = (evidence: Parameters<typeof evaluateLeaf>[1]): Signed["value"] =>
    or(names.map((verifier) => evaluateLeaf({ type: "verifier", verifier, atLeast: 1, count: "Signers", every: false }, evidence)));
  const decided = new AbortController();
  const stopped = AbortSignal.any([signal, decided.signal]);
  const progressed = (): void => {
    if (value(findings.soFar()) === "true") decided.abort(new DOMException("A signature stands", "AbortError"));
  };
  const ready = verifiers.flatMap((entry) => entry.verifier ?? []);
  await surveyAll(
    { ...plan, groups: open, verifiers: plan.verifiers, depth },
    { ...deps, subject, findings, verifiers: ready, progressed },
    stopped,
  );
  signal.throwIfAborted();
  const signers = names
    .flatMap((name) => findings.results(name))
    .flatMap((result) => (result.outcome === "verified" ? result.signers : []));
  switch (value(findings)) {
    case "true":
      return { value: "true", signers: [...new Map(signers.map((signer) => [signer.id, signer])).values()] };
    case "false":
      return { value: "false" };
    case "unknown":
      return { value: "unknown", cause: causeOf(findings, plan.groups, verifiers) };
  }
}

function subjectOf(found: Found): Descriptor {
  const mediaType = found.content?.kind === "manifest" ? found.content.manifest.mediaType : "";
  return { digest: found.digest, mediaType, size: found.content?.size ?? 0 };
}

/** A location all of whose Stores forbid to go so deep has failed, by that limit. */
function isWithinDepth(group: LocationGroup, depth: number, findings: Findings): boolean {
  if (group.readers.some(({ limits }) => limits.depth >= depth)) return true;
  for (const { name, limits } of group.readers)
    findings.addFailure(name, limitExceeded(`signatures on an artifact are at depth ${depth}`, { limit: "depth", limits, store: name }));
  findings.settle(group, "failed");
  return false;
}

function causeOf(findings: Findings, groups: readonly LocationGroup[], verifiers: readonly ViewVerifier[]): string {
  const problem = verifiers.find((entry) => entry.problem !== undefined);
  if (problem !== undefined) return `Verifier ${problem.name}: ${problem.problem ?? ""}`;
  const failures = groups
    .filter((group) => findings.stateOf(group) === "failed")
    .flatMap((group) => group.readers)
    .flatMap(({ name }) => findings.store(name).failures.map((failure) => describeFailure(name, failure)));
  return failures[0] ?? "its signatures could not all be read";
}

function markDefect(group: LocationGroup, findings: Findings): void {
  const message = `${group.location.host} could not be surveyed, for an unforeseen reason`;
  for (const { name } of group.readers) findings.addFailure(name, { class: "Internal", message });
  findings.settle(group, "failed");
}
