import { Limit } from "../kernel/limit.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { Findings, type Defects } from "./evidence.ts";
import { describeFailure } from "./failure.ts";
import type { Found } from "./found.ts";
import type { Signed, Wanted } from "./judge.ts";
import type { Evidence } from "./leaf.ts";
import { limitExceeded } from "./limits.ts";
import type { LocationGroup } from "./locations.ts";
import { type SurveyDeps, surveyLocation } from "./survey.ts";
import type { Signer } from "./verifier.ts";
import { describeObject, type ViewVerifier } from "./view.ts";

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
  const signed: SurveyDeps["signed"] = (found, wanted, aborted) => {
    const key = `${found.digest} ${wanted.signers} ${wanted.verifiers.toSorted().join(" ")}`;
    const answer = known.get(key) ?? findSignature(found, { wanted, plan }, deps, aborted);
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

/** Who signed the artifact by one of the Verifiers that are named: its referrers are surveyed as the image's are, one level deeper. */
async function findSignature(
  found: Found,
  { wanted, plan }: { readonly wanted: Wanted; readonly plan: SurveyPlan },
  deps: Omit<SurveyDeps, "reading" | "signed">,
  signal: AbortSignal,
): Promise<Signed> {
  const subject = subjectOf(found);
  const names = [...new Set(wanted.verifiers)];
  const verifiers = names.map((name) => signatureVerifier(name, plan.verifiers));
  const findings = new Findings({ groups: plan.groups, subject: subject.digest, verifiers, defects: plan.defects });
  plan.nested.push(findings);
  const depth = plan.depth + 1;
  const open = plan.groups.filter((group) => isWithinDepth(group, depth, findings));
  const isEnough = (evidence: Evidence): boolean => signersIn(evidence, names).length >= wanted.signers;
  const decided = new AbortController();
  const stopped = AbortSignal.any([signal, decided.signal]);
  const progressed = (): void => {
    if (isEnough(findings.soFar())) decided.abort(new DOMException("Enough signatures stand", "AbortError"));
  };
  const ready = verifiers.flatMap((entry) => entry.verifier ?? []);
  await surveyAll(
    { ...plan, groups: open, verifiers: plan.verifiers, depth },
    { ...deps, subject, findings, verifiers: ready, progressed },
    stopped,
  );
  signal.throwIfAborted();
  const signers = signersIn(findings, names);
  if (isEnough(findings)) return { value: "true", signers };
  // Whoever was not shown may be what a policy waits for, or what an expression would deny by.
  if (!names.every((name) => findings.isComplete(name, "whole"))) deps.findings.markPartial();
  if (names.every((name) => findings.isComplete(name, "required")))
    return signers.length > 0 ? { value: "true", signers } : { value: "false" };
  const cause = causeOf(findings, plan.groups, verifiers);
  return signers.length > 0 ? { value: "true", signers, incomplete: cause } : { value: "unknown", cause };
}

/** Content that another Verifier believes is no signature, and would be as good as none. */
function signatureVerifier(name: string, known: readonly ViewVerifier[]): ViewVerifier {
  const entry = known.find((one) => one.name === name) ?? { name, problem: "does not exist" };
  return entry.verifier === undefined || entry.verifier.kind === "signature" ? entry : { name, problem: "judges no signatures" };
}

/** Each signer once. */
function signersIn(evidence: Evidence, names: readonly string[]): readonly Signer[] {
  const signers = names
    .flatMap((name) => evidence.results(name))
    .flatMap((result) => (result.outcome === "verified" ? result.signers : []));
  return [...new Map(signers.map((signer) => [signer.id, signer])).values()];
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
  if (problem !== undefined) return `${describeObject("Verifier", problem.name)}: ${problem.problem ?? ""}`;
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
