import type { Failure } from "../api/error-class.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Evidence } from "./leaf.ts";
import type { LocationGroup, Reader } from "./locations.ts";
import type { ArtifactReport, ListingState } from "./report.ts";
import type { VerificationResult } from "./verifier.ts";

/** An artifact that some listing named, and what became of it. */
export interface Found {
  readonly descriptor: Descriptor;
  /** By cosign's tag only: such a manifest names no subject, its payload does. */
  byTag: boolean;
  /** Every Store whose listing named it. */
  readonly claims: Set<Reader>;
  /** A location that counts towards completeness named it. */
  required: boolean;
  artifactType: string;
  readFrom?: string;
  /** Its manifest could not be read from any Store that may have it. */
  unreadable?: readonly { readonly store: string; readonly failure: Failure }[];
  /** Every verifier that applies has answered. */
  judged: boolean;
  readonly results: VerificationResult[];
}

interface LocationState {
  readonly group: LocationGroup;
  state: "open" | "complete" | "failed";
}
interface StoreState {
  listing: ListingState;
  artifacts: number;
  readonly failures: Failure[];
  durationMs?: number;
}

/** Everything that one verification has found; the only mutable state of it. Merged by digest, independent of the order in which answers come. */
export class Findings {
  readonly artifacts = new Map<Digest, Found>();
  readonly stores = new Map<string, StoreState>();
  readonly #locations: readonly LocationState[];
  /** What keeps the evidence from ever being complete: an invalid Store or Verifier that counts. */
  readonly #blocked: boolean;
  limitHit: { readonly store: string; readonly limit: number; readonly required: boolean } | undefined;

  constructor(groups: readonly LocationGroup[], blocked: boolean) {
    this.#locations = groups.map((group) => ({ group, state: "open" }));
    this.#blocked = blocked;
    for (const { readers, twins } of groups) {
      for (const { name } of readers) this.stores.set(name, { listing: "NotAwaited", artifacts: 0, failures: [] });
      for (const name of twins.keys()) this.stores.set(name, { listing: "NotAwaited", artifacts: 0, failures: [] });
    }
  }

  store(name: string): StoreState {
    const state = this.stores.get(name) ?? { listing: "NotAwaited", artifacts: 0, failures: [] };
    this.stores.set(name, state);
    return state;
  }

  /** Marked once per class: a store that fails in the same way for each artifact is one piece of news. */
  addFailure(name: string, failure: Failure): void {
    const { failures } = this.store(name);
    if (!failures.some((known) => known.class === failure.class && known.message === failure.message)) failures.push(failure);
  }

  settle(group: LocationGroup, state: "complete" | "failed"): void {
    const entry = this.#locations.find((location) => location.group === group);
    if (entry !== undefined) entry.state = state;
  }

  /** Merges one listed descriptor; true if nobody had named it before. */
  add(descriptor: Descriptor, from: { readonly reader: Reader; readonly required: boolean; readonly byTag: boolean }): boolean {
    const known = this.artifacts.get(descriptor.digest);
    if (known !== undefined) {
      known.claims.add(from.reader);
      known.required ||= from.required;
      known.byTag &&= from.byTag;
      return false;
    }
    this.artifacts.set(descriptor.digest, {
      descriptor,
      byTag: from.byTag,
      claims: new Set([from.reader]),
      required: from.required,
      artifactType: descriptor.artifactType ?? "",
      judged: false,
      results: [],
    });
    return true;
  }

  /** As leaves see it: a Store with `evidence: Optional` does not count towards completeness (design 6.5). */
  evidence(): Evidence {
    const artifacts = [...this.artifacts.values()];
    return {
      results: artifacts.flatMap((artifact) => artifact.results),
      complete:
        !this.#blocked &&
        this.limitHit?.required !== true &&
        this.#locations.every(({ group, state }) => !group.required || state === "complete") &&
        artifacts.every((artifact) => !artifact.required || isConclusive(artifact)),
    };
  }

  /** Nothing at all was left out or failed, Optional stores included: only then may a deny be remembered, and a report say that it is complete. */
  isWhole(): boolean {
    return (
      !this.#blocked &&
      this.limitHit === undefined &&
      this.#locations.every(({ state }) => state === "complete") &&
      [...this.artifacts.values()].every(isConclusive)
    );
  }

  artifactReports(): readonly ArtifactReport[] {
    return [...this.artifacts.values()]
      .toSorted((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1))
      .map((artifact) => ({
        digest: artifact.descriptor.digest,
        artifactType: artifact.artifactType,
        size: artifact.descriptor.size,
        heldBy: [...artifact.claims].map((reader) => reader.name).toSorted(),
        ...(artifact.readFrom !== undefined && { readFrom: artifact.readFrom }),
        results: artifact.results.toSorted((a, b) => (a.verifier < b.verifier ? -1 : 1)),
      }));
  }
}

/** Read, or known to be none of ours, and every verifier found out. An artifact that is still being judged is not. */
function isConclusive(artifact: Found): boolean {
  return artifact.judged && artifact.unreadable === undefined && artifact.results.every((result) => result.outcome !== "inconclusive");
}
