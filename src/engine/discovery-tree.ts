import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { DiscoveredArtifact } from "./discovery.ts";

/** One Store's word that an artifact refers to a subject. */
export interface DiscoveryClaim {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  readonly isTagged: boolean;
  readonly store: string;
}

/** An artifact on one subject, as every Store that named it there says. */
interface Edge {
  readonly descriptor: Descriptor;
  readonly isTagged: boolean;
  readonly heldBy: Set<string>;
}

/**
 * Merges claims into a tree, whatever they say: a Store may name an artifact on several subjects, or on itself. What hangs on an artifact stands in one
 * place only, so that the tree is never larger than what was listed.
 */
export class DiscoveryTree {
  readonly root: Digest;
  readonly #edges = new Map<Digest, Map<Digest, Edge>>();
  readonly #unlisted = new Set<Digest>();

  constructor(root: Digest) {
    this.root = root;
    this.#edges.set(root, new Map());
  }

  /** Artifacts, each counted once. */
  get size(): number {
    return new Set([...this.#edges.values()].flatMap((edges) => [...edges.keys()])).size;
  }

  /** Adds what one level of listings named; returns the artifacts that are new, in order: the next level's subjects. */
  add(claims: readonly DiscoveryClaim[]): readonly Digest[] {
    for (const { subject, descriptor, isTagged, store } of claims.toSorted(byStore)) {
      const edges = this.#edges.get(subject) ?? new Map<Digest, Edge>();
      this.#edges.set(subject, edges);
      const edge = edges.get(descriptor.digest) ?? { descriptor, isTagged, heldBy: new Set() };
      edge.heldBy.add(store);
      edges.set(descriptor.digest, edge);
    }
    const named = [...new Set(claims.map(({ subject }) => subject))].flatMap((subject) => this.#children(subject));
    const fresh = new Set(named.map(({ descriptor }) => descriptor.digest).filter((digest) => !this.#edges.has(digest)));
    for (const digest of fresh) this.#edges.set(digest, new Map());
    return [...fresh];
  }

  /** Nobody is asked what hangs on these. */
  leaveUnlisted(digests: readonly Digest[]): void {
    for (const digest of digests) this.#unlisted.add(digest);
  }

  artifacts(): readonly DiscoveredArtifact[] {
    return this.#expand(this.root, new Set([this.root]));
  }

  #expand(subject: Digest, expanded: Set<Digest>): readonly DiscoveredArtifact[] {
    const children = this.#children(subject);
    const here = children.map(({ descriptor: { digest } }) => digest).filter((digest) => !expanded.has(digest));
    for (const digest of here) expanded.add(digest);
    return children.map(({ descriptor, isTagged, heldBy }) => {
      const { digest, mediaType, size, artifactType } = descriptor;
      const isHere = here.includes(digest);
      return {
        digest,
        ...(artifactType !== undefined && { artifactType }),
        mediaType,
        size,
        isTagged,
        heldBy: [...heldBy].toSorted(),
        referrers: isHere ? this.#expand(digest, expanded) : [],
        ...(!isHere ? { unlisted: "ListedElsewhere" as const } : this.#unlisted.has(digest) ? { unlisted: "BeyondDepth" as const } : {}),
      };
    });
  }

  #children(subject: Digest): readonly Edge[] {
    return [...(this.#edges.get(subject)?.values() ?? [])].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }
}

function sortKey({ descriptor }: Edge): string {
  return `${descriptor.artifactType ?? descriptor.mediaType} ${descriptor.digest}`;
}

/** Of what two Stores say of one artifact, the first by name is shown. */
function byStore(a: DiscoveryClaim, b: DiscoveryClaim): number {
  return a.store < b.store ? -1 : a.store > b.store ? 1 : Number(a.isTagged) - Number(b.isTagged);
}
