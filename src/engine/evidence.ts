import type { Failure } from "../api/error-class.ts";
import type { Digest } from "../oci/digest.ts";
import { applicable, artifactTypeOf, type Claim, type Found, isRequired, newFound, refusalOf, resultsOf, sizeOf } from "./found.ts";
import type { Truth } from "./kleene.ts";
import type { Evidence } from "./leaf.ts";
import type { LocationGroup } from "./locations.ts";
import type { ArtifactReport, ListingState } from "./report.ts";
import { isConclusive, type VerificationResult, type Verifier } from "./verifier.ts";
import type { ViewVerifier } from "./view.ts";

interface StoreState {
  listing: ListingState;
  /** What its listings named that a verifier can judge; at most `limits.artifacts`, and what stands under cosign's tag. */
  readonly named: Set<Digest>;
  readonly failures: Failure[];
  /** Why it did not list to the end; what else went wrong stands in `failures` only. */
  unlisted?: Failure;
  durationMs?: number;
}

/** What keeps the evidence from being complete before anything is asked. */
export interface Defects {
  /** A Required Store is invalid: no absence can then be proven. */
  readonly blocked: boolean;
  /** An Optional Store is invalid: absence can be proven, but the evidence is not whole. */
  readonly partial: boolean;
}

/** Everything that one verification has found of one subject; the only mutable state of it. Merged by digest, independent of the order of answers. */
export class Findings implements Evidence {
  readonly artifacts = new Map<Digest, Found>();
  /** Filled once everything else has been found. */
  readonly expressions = new Map<string, Truth>();
  readonly subject: Digest;
  readonly #recorded = new Map<string, VerificationResult[]>();
  readonly #stores = new Map<string, StoreState>();
  readonly #locations: Map<LocationGroup, "open" | "complete" | "failed">;
  readonly #entries: ReadonlyMap<string, ViewVerifier>;
  readonly #verifiers: readonly Verifier[];
  readonly #defects: Defects;
  #isPartial = false;

  constructor(input: {
    readonly groups: readonly LocationGroup[];
    readonly subject: Digest;
    readonly verifiers: readonly ViewVerifier[];
    readonly defects: Defects;
  }) {
    this.#locations = new Map(input.groups.map((group) => [group, "open"]));
    this.subject = input.subject;
    this.#entries = new Map(input.verifiers.map((entry) => [entry.name, entry]));
    this.#verifiers = input.verifiers.flatMap((entry) => entry.verifier ?? []);
    this.#defects = input.defects;
  }

  store(name: string): StoreState {
    const state = this.#stores.get(name) ?? { listing: "NotAwaited", named: new Set(), failures: [] };
    this.#stores.set(name, state);
    return state;
  }

  /** Marked once: a Store that fails in the same way for each artifact is one piece of news. */
  addFailure(name: string, failure: Failure): void {
    const { failures } = this.store(name);
    if (!failures.some((known) => known.class === failure.class && known.message === failure.message)) failures.push(failure);
  }

  settle(group: LocationGroup, state: "complete" | "failed"): void {
    this.#locations.set(group, state);
  }

  /** Signatures on one of the artifacts were not all shown: what is found may be enough, and is not whole. */
  markPartial(): void {
    this.#isPartial = true;
  }

  stateOf(group: LocationGroup): "open" | "complete" | "failed" {
    return this.#locations.get(group) ?? "open";
  }

  /** Merges one claim into what is known of its artifact. */
  add(claim: Claim): Found {
    const { digest } = claim.descriptor;
    const found = this.artifacts.get(digest) ?? newFound(digest);
    this.artifacts.set(digest, found);
    const isKnown = found.claims.some((known) => known.reader === claim.reader && known.byTag === claim.byTag);
    if (!isKnown) found.claims.push(claim);
    if (!isKnown) found.isSettled = false;
    return found;
  }

  resultsFor(found: Found): readonly VerificationResult[] {
    return resultsOf(found, this.subject, this.#verifiers);
  }

  results(verifier: string): readonly VerificationResult[] {
    return [...this.artifacts.values()].flatMap((found) => this.resultsFor(found)).filter((result) => result.verifier === verifier);
  }

  record(found: Found, result: VerificationResult): void {
    found.results.set(result.verifier, result);
    const known = this.#recorded.get(result.verifier) ?? [];
    this.#recorded.set(result.verifier, known);
    known.push(result);
  }

  /**
   * As leaves may see it after every result, at little cost: what has been found, and never that it is all. Whatever has a value by this has the same by the
   * whole of it, since nothing that comes takes back what stands.
   */
  soFar(): Evidence {
    return {
      results: (verifier) => this.#recorded.get(verifier) ?? [],
      isComplete: (verifier) => this.#entries.get(verifier)?.isOutOfScope === true,
      expressions: this.expressions,
    };
  }

  isComplete(verifier: string, extent: "required" | "whole"): boolean {
    const entry = this.#entries.get(verifier);
    // It judges nothing of this image, and nobody has to be asked to know that.
    if (entry?.isOutOfScope === true) return true;
    if (entry?.verifier === undefined || entry.problem !== undefined) return false;
    const judge = entry.verifier;
    return (
      this.#isListed(extent) &&
      [...this.artifacts.values()].every(
        (found) => (extent === "required" && !isRequired(found)) || !isCandidate(found, judge) || this.#isConclusive(found, judge),
      )
    );
  }

  /** Every Verifier of the view, and everything that was named: what an expression may be asked of. */
  isAllComplete(extent: "required" | "whole"): boolean {
    return (
      this.#isListed(extent) &&
      [...this.#entries.values()].every((entry) => entry.problem === undefined && this.isComplete(entry.name, extent))
    );
  }

  /** Something is still under way: an Optional Store too may yet hold what makes the outcome true. */
  isOpen(): boolean {
    return [...this.#locations.values()].includes("open") || [...this.artifacts.values()].some((found) => !found.isSettled);
  }

  /** Nothing at all was left out or failed, Optional Stores included: only then may a deny be remembered, and a report say that it is complete. */
  isWhole(): boolean {
    return this.isAllComplete("whole") && [...this.artifacts.values()].every((found) => found.content !== undefined);
  }

  artifactReports(): readonly ArtifactReport[] {
    return [...this.artifacts.values()]
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      .map((found) => ({
        digest: found.digest,
        subject: this.subject,
        artifactType: artifactTypeOf(found),
        mediaType: found.content?.kind === "manifest" ? found.content.manifest.mediaType : (found.claims[0]?.descriptor.mediaType ?? ""),
        size: sizeOf(found),
        heldBy: [...new Set(found.claims.map((claim) => claim.reader.name))].toSorted(),
        ...(found.readFrom !== undefined && { readFrom: found.readFrom }),
        results: this.resultsFor(found),
      }));
  }

  annotationsOf(digest: Digest): Readonly<Record<string, string>> {
    const content = this.artifacts.get(digest)?.content;
    return content?.kind === "manifest" ? Object.fromEntries(content.manifest.annotations) : {};
  }

  #isListed(extent: "required" | "whole"): boolean {
    const isWhole = extent === "whole";
    return (
      !this.#defects.blocked &&
      !(isWhole && (this.#defects.partial || this.#isPartial)) &&
      [...this.#locations].every(([group, state]) => !(isWhole || group.required) || state === "complete") &&
      !this.isOpen()
    );
  }

  /** Read, or known to be none of ours, and the verifier found out. */
  #isConclusive(found: Found, verifier: Verifier): boolean {
    if (!found.isSettled || found.content === undefined) return false;
    const results = this.resultsFor(found).filter((result) => result.verifier === verifier.name);
    if (results.length > 0) return results.every(isConclusive);
    return refusalOf(found, this.subject) !== undefined || applicable(found, [verifier]).length === 0;
  }
}

/** Before anything is asked: nothing is proven, and what no Verifier applies to is known all the same. */
export function nothingFound(verifiers: readonly ViewVerifier[]): Findings {
  const nobody = "" as Digest; // no artifact will ever name it
  return new Findings({ groups: [], subject: nobody, verifiers, defects: { blocked: true, partial: true } });
}

/** By what is known of it: its own bytes, or what its listings say while they have not been read. */
function isCandidate(found: Found, verifier: Verifier): boolean {
  if (found.content?.kind === "manifest" && applicable(found, [verifier]).length > 0) return true;
  return found.claims.some((claim) => verifier.canVerify(claim.descriptor));
}
