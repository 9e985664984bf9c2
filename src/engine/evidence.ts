import type { Failure } from "../api/error-class.ts";
import type { Digest } from "../oci/digest.ts";
import { artifactTypeOf, type Claim, type Found, isRequired, newFound, resultsOf, sizeOf } from "./found.ts";
import type { Evidence } from "./leaf.ts";
import type { LocationGroup } from "./locations.ts";
import type { ArtifactReport, ListingState } from "./report.ts";
import type { VerificationResult, Verifier } from "./verifier.ts";

interface StoreState {
  listing: ListingState;
  /** What its listings named that a verifier can judge; at most `limits.artifacts`. */
  readonly named: Set<Digest>;
  readonly failures: Failure[];
  durationMs?: number;
}

/** What keeps the evidence from being complete before anything is asked. */
export interface Defects {
  /** A Verifier is not ready, or a Required Store is invalid: no absence can then be proven. */
  readonly blocked: boolean;
  /** An Optional Store is invalid: absence can be proven, but the report is not complete. */
  readonly partial: boolean;
}

/** Everything that one verification has found; the only mutable state of it. Merged by digest, independent of the order in which answers come. */
export class Findings {
  readonly artifacts = new Map<Digest, Found>();
  readonly #stores = new Map<string, StoreState>();
  readonly #locations: Map<LocationGroup, "open" | "complete" | "failed">;
  readonly #subject: Digest;
  readonly #verifiers: readonly Verifier[];
  readonly #defects: Defects;

  constructor(input: {
    readonly groups: readonly LocationGroup[];
    readonly subject: Digest;
    readonly verifiers: readonly Verifier[];
    readonly defects: Defects;
  }) {
    this.#locations = new Map(input.groups.map((group) => [group, "open"]));
    this.#subject = input.subject;
    this.#verifiers = input.verifiers;
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

  results(found: Found): readonly VerificationResult[] {
    return resultsOf(found, this.#subject, this.#verifiers);
  }

  /** As leaves see it: a Store with `evidence: Optional` does not count towards completeness (design 6.5). */
  evidence(): Evidence {
    const artifacts = [...this.artifacts.values()];
    return {
      results: artifacts.flatMap((found) => this.results(found)),
      complete:
        !this.#defects.blocked &&
        [...this.#locations].every(([group, state]) => !group.required || state === "complete") &&
        artifacts.every((found) => !isRequired(found) || this.#isConclusive(found)) &&
        !this.isOpen(),
    };
  }

  /** Something is still under way: an Optional Store too may yet hold what makes the outcome true. */
  isOpen(): boolean {
    return [...this.#locations.values()].includes("open") || [...this.artifacts.values()].some((found) => !found.isSettled);
  }

  /** Nothing at all was left out or failed, Optional Stores included: only then may a deny be remembered, and a report say that it is complete. */
  isWhole(): boolean {
    return (
      !this.#defects.blocked &&
      !this.#defects.partial &&
      [...this.#locations.values()].every((state) => state === "complete") &&
      [...this.artifacts.values()].every((found) => this.#isConclusive(found))
    );
  }

  artifactReports(): readonly ArtifactReport[] {
    return [...this.artifacts.values()]
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      .map((found) => ({
        digest: found.digest,
        artifactType: artifactTypeOf(found),
        size: sizeOf(found),
        heldBy: [...new Set(found.claims.map((claim) => claim.reader.name))].toSorted(),
        ...(found.readFrom !== undefined && { readFrom: found.readFrom }),
        results: this.results(found),
      }));
  }

  /** Read, or known to be none of ours, and every verifier found out. */
  #isConclusive(found: Found): boolean {
    return found.isSettled && found.content !== undefined && this.results(found).every((result) => result.outcome !== "inconclusive");
  }
}
