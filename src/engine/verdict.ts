import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import type { Findings } from "./evidence.ts";
import { describeFailure } from "./failure.ts";
import type { Truth } from "./kleene.ts";
import type { LocationGroup } from "./locations.ts";
import type { InconclusiveCode, Verdict } from "./report.ts";
import type { Subject } from "./subject.ts";
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
        causes: [
          `${image} means different digests: ${subject.digests.map(({ store, digest }) => `${digest} by Store/${store}`).join(", ")}`,
        ],
      };
    case "not-found":
      return { outcome: "deny", code: "NotFound", reasons: [`${image} does not exist: asked stores ${failures.join(", ")}`] };
    case "unresolved":
      return {
        outcome: "inconclusive",
        code: signal.aborted ? "Timeout" : "SubjectUnresolved",
        causes: [
          failures.length === 0
            ? `${image} is a tag, and no registry Store that could resolve it is asked about it; name the image by its digest`
            : `${image} could not be resolved to a digest: ${failures.join(", ")}`,
        ],
      };
  }
}

export interface Outcome {
  readonly view: View;
  readonly groups: readonly LocationGroup[];
  readonly findings: Findings;
  readonly truth: Truth;
  readonly isTimedOut: boolean;
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
  return findings
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
}

function denyReasons({ findings, view, groups }: Outcome): readonly string[] {
  const artifacts = findings.artifactReports();
  const asked = view.stores.map(({ name }) => {
    const state = findings.store(name);
    const [failure] = state.failures;
    if (failure !== undefined && state.listing !== "Complete") return describeFailure(name, failure);
    return `${name} (${state.artifacts} ${state.artifacts === 1 ? "artifact" : "artifacts"})`;
  });
  const rejected = artifacts.flatMap(({ digest, results }) =>
    results.flatMap((result) =>
      result.outcome === "rejected" ? [`Verifier/${result.verifier} rejected ${digest}: ${result.reason}: ${result.message}`] : [],
    ),
  );
  const where = groups.map((group) => group.location.key).join(", ");
  return [`no valid signature by a trusted key in ${where}; asked stores ${asked.join(", ")}`, ...rejected];
}

/** In the order in which they should be looked at: what is broken before what follows from it. */
function inconclusive(outcome: Outcome): Verdict {
  const { findings, groups, view, isTimedOut } = outcome;
  const causes: { readonly code: InconclusiveCode; readonly text: string }[] = [];
  for (const entry of view.stores) {
    if (entry.store === undefined && entry.evidence === "Required" && entry.problem !== undefined)
      causes.push({ code: "StoreFailed", text: describeFailure(entry.name, entry.problem) });
  }
  for (const { name, problem } of view.verifiers)
    if (problem !== undefined) causes.push({ code: "VerifierNotReady", text: `Verifier/${name}: ${problem}` });
  for (const group of groups) {
    if (!group.required) continue;
    const states = group.readers.map((reader) => ({ name: reader.name, state: findings.store(reader.name) }));
    if (states.some(({ state }) => state.listing === "Complete")) continue;
    for (const { name, state } of states)
      for (const failure of state.failures) causes.push({ code: "StoreFailed", text: describeFailure(name, failure) });
  }
  if (findings.limitHit !== undefined) {
    const { store, limit } = findings.limitHit;
    causes.push({
      code: "LimitExceeded",
      text: `Store/${store} lists more than ${limit} artifacts that a Verifier could judge: raise limits.artifacts`,
    });
  }
  for (const [digest, found] of findings.artifacts) {
    if (found.unreadable !== undefined)
      causes.push({
        code: "ArtifactUnreadable",
        text: `${digest}: ${found.unreadable.map(({ store, failure }) => describeFailure(store, failure)).join(", ")}`,
      });
    for (const result of found.results)
      if (result.outcome === "inconclusive")
        causes.push({ code: "VerifierInconclusive", text: `Verifier/${result.verifier} on ${digest}: ${result.cause}` });
  }
  const [first] = causes;
  if (first === undefined || isTimedOut) {
    const late = view.stores.filter(({ name }) => findings.store(name).listing === "NotAwaited").map(({ name }) => `Store/${name}`);
    const who = late.length === 0 ? "everything was read" : `${late.join(", ")} had answered`;
    return { outcome: "inconclusive", code: "Timeout", causes: [`the request ended before ${who}`, ...causes.map(({ text }) => text)] };
  }
  return { outcome: "inconclusive", code: first.code, causes: causes.map(({ text }) => text) };
}
