import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { builtInName } from "./built-in.ts";
import { inconclusive } from "./causes.ts";
import { cut } from "./cut.ts";
import { describeFailure } from "./failure.ts";
import type { LocationGroup } from "./locations.ts";
import { foldPolicies, type PolicyState } from "./policy.ts";
import type { DenyCode, Verdict } from "./report.ts";
import { policyReason, type Told } from "./sentences.ts";
import type { Resolution, Subject } from "./subject.ts";
import { describeObject, type View } from "./view.ts";

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
  return resolutions.map(({ store, digest }) => `${digest} by ${describeObject("Store", store)}`).join(", ");
}

export interface Outcome extends Told {
  readonly view: View;
  readonly groups: readonly LocationGroup[];
  readonly states: readonly PolicyState[];
  /** The time is up, or the caller has to answer now. */
  readonly isEnded: boolean;
}

/** The value of the policies that enforce, as a verdict with the shortest sentences that are true. */
export function verdictOf(outcome: Outcome): Verdict {
  switch (foldPolicies(outcome.states)) {
    case "true":
      return { outcome: "allow", reasons: allowReasons(outcome) };
    case "false":
      return { outcome: "deny", code: denyCode(outcome.states), reasons: denyReasons(outcome) };
    case "unknown":
      return inconclusive(outcome);
  }
}

function allowReasons({ findings, states }: Outcome): readonly string[] {
  const exempt = states
    .filter(({ policy, exception }) => policy.enforcement === "Enforce" && exception !== undefined)
    .map(
      ({ policy, exception }) =>
        `${policy.name}: exempt until ${new Date(exception?.expirationTime ?? 0).toISOString()}: ${exception?.reason ?? ""}`,
    );
  const verified = findings
    .artifactReports()
    .flatMap(({ digest, readFrom, results }) =>
      results.flatMap((result) =>
        result.outcome === "verified"
          ? [
              `${describeObject("Verifier", result.verifier)} verified ${digest}${signedBy(result.signers)}, read from ${describeObject("Store", readFrom ?? "?")}`,
            ]
          : [],
      ),
    );
  return cut([...exempt, ...verified]);
}

function signedBy(signers: readonly { readonly name: string }[]): string {
  return signers.length === 0 ? "" : ` signed by ${signers.map(({ name }) => name).join(" and ")}`;
}

function denying(states: readonly PolicyState[]): readonly PolicyState[] {
  return states.filter(({ policy, value }) => policy.enforcement === "Enforce" && value === "false");
}

function denyCode(states: readonly PolicyState[]): DenyCode {
  const [first, ...others] = denying(states);
  if (first === undefined || (others.length === 0 && first.policy.name === builtInName)) return "NoValidSignature";
  return [first, ...others].some(({ refusesTag }) => !refusesTag) ? "PolicyNotSatisfied" : "TagRefused";
}

function denyReasons(outcome: Outcome): readonly string[] {
  const { findings, groups, states } = outcome;
  const where = groups.map((group) => group.location.key).join(", ");
  const sentences = denying(states).map((state) => {
    if (state.policy.name === builtInName) return `no valid signature by a trusted key in ${where}; asked stores ${askedStores(outcome)}`;
    const asked = state.refusesTag || groups.length === 0 ? "" : `; asked stores ${askedStores(outcome)}`;
    return `denied by ${state.policy.name}: ${policyReason(state, outcome)}${asked}`;
  });
  const rejected = findings
    .artifactReports()
    .flatMap(({ digest, results }) =>
      results.flatMap((result) =>
        result.outcome === "rejected"
          ? [`${describeObject("Verifier", result.verifier)} rejected ${digest}: ${result.reason}: ${result.message}`]
          : [],
      ),
    );
  return cut([...sentences, ...rejected]);
}

function askedStores({ view, findings }: Outcome): string {
  const asked = view.stores.map(({ name, problem }) => {
    const state = findings.store(name);
    // What stood in the way of resolving the tag comes after what stood in the way of the listing.
    const failure = problem ?? state.failures[0];
    if (failure !== undefined && state.listing !== "Complete") return describeFailure(name, failure);
    if (state.listing === "CoveredByOther") return `${name} (another store listed its location)`;
    if (state.listing === "NotAwaited") return `${name} (not awaited)`;
    return `${name} (${state.named.size} ${state.named.size === 1 ? "artifact" : "artifacts"})`;
  });
  return asked.join(", ");
}

/** Of a digest in a sentence: enough to find it by. */
const shownDigest = 12;

/** One line for the one who asked: the image, what became of it, by which policy, and why. */
export function summaryOf(
  verdict: Verdict,
  asked: { readonly image: string; readonly reference: Reference; readonly called?: string; readonly digest?: Digest },
  states: readonly PolicyState[] = [],
): string {
  const image =
    asked.digest === undefined
      ? asked.image
      : `${asked.called ?? printRepository(asked.reference.repository)}@${shortDigest(asked.digest)}`;
  switch (verdict.outcome) {
    case "allow": {
      const policies = states.filter(({ policy }) => policy.enforcement === "Enforce").map(({ policy }) => policy.name);
      return `${image} allowed by ${policies.join(" and ")}: ${verdict.reasons[0] ?? "nothing is required"}`;
    }
    case "deny": {
      const reason = verdict.reasons[0] ?? "";
      return `${image} ${reason.startsWith("denied by ") ? reason : `denied: ${reason}`}`;
    }
    case "inconclusive":
      return `${image} is inconclusive (${verdict.code}): ${verdict.causes[0] ?? ""}`;
  }
}

function shortDigest(digest: Digest): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return hex.length <= shownDigest ? digest : `${algorithm}:${hex.slice(0, shownDigest)}…`;
}
