import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import type { Findings } from "./evidence.ts";
import { describeFailure } from "./failure.ts";
import { isRequired } from "./found.ts";
import type { Truth } from "./kleene.ts";
import type { LocationGroup } from "./locations.ts";
import type { InconclusiveCode, Verdict } from "./report.ts";
import type { Resolution, Subject } from "./subject.ts";
import type { View } from "./view.ts";

/** The verdict where nobody could say which digest is meant. */
export function subjectVerdict(subject: Exclude<Subject, { outcome: "resolved" }>, reference: Reference, signal: AbortSignal): Verdict {
  const image = `${printRepository(reference.repository)}:${reference.tag ?? "latest"}`;
  const failures = [...subject.failures]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([store, failure]) => describeFailure(store, failure));
  switch (subject.outcome) {
    case "ambiguous":
      return {
        outcome: "inconclusive",
        code: "TagAmbiguous",
        causes: [`${image} means different digests: ${describeResolutions(subject)}`],
      };
    case "not-found":
      return { outcome: "deny", code: "NotFound", reasons: [`${image} does not exist: asked stores ${failures.join(", ")}`] };
    case "unresolved":
      return {
        outcome: "inconclusive",
        code: signal.aborted ? "Timeout" : "SubjectUnresolved",
        causes: [unresolvedCause(image, subject, failures)],
      };
  }
}

function unresolvedCause(image: string, subject: { readonly resolutions: readonly Resolution[] }, failures: readonly string[]): string {
  if (failures.length === 0)
    return subject.resolutions.length === 0
      ? `${image} is a tag, and no registry Store that could resolve it is asked about it; name the image by its digest`
      : `${image} is ${describeResolutions(subject)}, and the request ended before other Stores had answered`;
  if (subject.resolutions.length === 0) return `${image} could not be resolved to a digest: ${failures.join(", ")}`;
  return `${image} is ${describeResolutions(subject)}, but may be another at ${failures.join(", ")}; name the image by its digest`;
}

function describeResolutions({ resolutions }: { readonly resolutions: readonly Resolution[] }): string {
  return resolutions.map(({ store, digest }) => `${digest} by Store/${store}`).join(", ");
}

export interface Outcome {
  readonly view: View;
  readonly groups: readonly LocationGroup[];
  readonly findings: Findings;
  readonly truth: Truth;
  /** The time is up, or the caller has to answer now. */
  readonly isEnded: boolean;
}

/** The built-in policy's value as a verdict, with the shortest sentences that are true. */
export function verdictOf(outcome: Outcome): Verdict {
  switch (outcome.truth) {
    case "true":
      return { outcome: "allow", reasons: verifiedReasons(outcome.findings) };
    case "false":
      return { outcome: "deny", code: "NoValidSignature", reasons: denyReasons(outcome) };
    case "unknown":
      return inconclusive(outcome);
  }
}

function verifiedReasons(findings: Findings): readonly string[] {
  const sentences = findings
    .artifactReports()
    .flatMap(({ digest, readFrom, results }) =>
      results.flatMap((result) =>
        result.outcome === "verified"
          ? [
              `Verifier/${result.verifier} verified ${digest} signed by ${result.signers.map((signer) => signer.name).join(" and ")}, read from Store/${readFrom ?? "?"}`,
            ]
          : [],
      ),
    );
  return cut(sentences);
}

function denyReasons({ findings, view, groups }: Outcome): readonly string[] {
  const asked = view.stores.map(({ name, problem }) => {
    const state = findings.store(name);
    // What stood in the way of resolving the tag comes after what stood in the way of the listing.
    const failure = problem ?? state.failures[0];
    if (failure !== undefined && state.listing !== "Complete") return describeFailure(name, failure);
    if (state.listing === "CoveredByOther") return `${name} (another store listed its location)`;
    return `${name} (${state.named.size} ${state.named.size === 1 ? "artifact" : "artifacts"})`;
  });
  const rejected = findings
    .artifactReports()
    .flatMap(({ digest, results }) =>
      results.flatMap((result) =>
        result.outcome === "rejected" ? [`Verifier/${result.verifier} rejected ${digest}: ${result.reason}: ${result.message}`] : [],
      ),
    );
  const where = groups.map((group) => group.location.key).join(", ");
  return cut([`no valid signature by a trusted key in ${where}; asked stores ${asked.join(", ")}`, ...rejected]);
}

interface Cause {
  readonly code: InconclusiveCode;
  readonly text: string;
}

/** What is broken before what follows from it: the first that applies is the verdict's code, whichever was noticed first. */
const precedence: readonly InconclusiveCode[] = [
  "StoreFailed",
  "VerifierNotReady",
  "LimitExceeded",
  "ArtifactUnreadable",
  "VerifierInconclusive",
];

function inconclusive(outcome: Outcome): Verdict {
  const { findings, groups, view, isEnded } = outcome;
  const causes = [...viewCauses(view), ...listingCauses(groups, findings), ...artifactCauses(findings)].toSorted(
    (a, b) => precedence.indexOf(a.code) - precedence.indexOf(b.code) || (a.text < b.text ? -1 : 1),
  );
  const texts = causes.map(({ text }) => text);
  const [first] = causes;
  if (first === undefined || (isEnded && findings.isOpen())) {
    const late = groups.filter((group) => findings.stateOf(group) === "open").map((group) => group.location.key);
    const what = late.length === 0 ? "every artifact had been judged" : `${late.join(", ")} had been read`;
    return { outcome: "inconclusive", code: "Timeout", causes: cut([`the request ended before ${what}`, ...texts]) };
  }
  return { outcome: "inconclusive", code: first.code, causes: cut(texts) };
}

function viewCauses(view: View): readonly Cause[] {
  const stores = view.stores.flatMap(({ name, evidence, problem, store }): readonly Cause[] =>
    store === undefined && evidence === "Required"
      ? [{ code: "StoreFailed", text: problem === undefined ? `${name} is invalid` : describeFailure(name, problem) }]
      : [],
  );
  const verifiers = view.verifiers.flatMap(({ name, problem, verifier }): readonly Cause[] =>
    problem !== undefined || verifier === undefined
      ? [{ code: "VerifierNotReady", text: `Verifier/${name}: ${problem ?? "invalid"}` }]
      : [],
  );
  return [...stores, ...verifiers];
}

function listingCauses(groups: readonly LocationGroup[], findings: Findings): readonly Cause[] {
  return groups
    .filter((group) => group.required && findings.stateOf(group) === "failed")
    .flatMap((group) => group.readers)
    .flatMap(({ name }) =>
      findings.store(name).failures.map(
        (failure): Cause => ({
          code: failure.class === "LimitExceeded" ? "LimitExceeded" : "StoreFailed",
          text: describeFailure(name, failure),
        }),
      ),
    );
}

function artifactCauses(findings: Findings): readonly Cause[] {
  return [...findings.artifacts.values()].filter(isRequired).flatMap((found): readonly Cause[] => {
    const failures = [...found.attempts.values()].flatMap(({ store, failure }) =>
      failure === undefined ? [] : describeFailure(store, failure),
    );
    if (found.isSettled && found.content === undefined)
      return [{ code: "ArtifactUnreadable", text: `${found.digest}: ${[...new Set(failures)].toSorted().join(", ")}` }];
    const code = found.isLayerUnread ? "ArtifactUnreadable" : "VerifierInconclusive";
    return findings
      .results(found)
      .flatMap((result) =>
        result.outcome === "inconclusive" ? [{ code, text: `Verifier/${result.verifier} on ${found.digest}: ${result.cause}` }] : [],
      );
  });
}

/** A report is for people and goes through a webhook: so many sentences, and how many more there are. */
const mostSentences = 20;
function cut(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= mostSentences) return sentences;
  return [...sentences.slice(0, mostSentences - 1), `and ${sentences.length - mostSentences + 1} more`];
}
