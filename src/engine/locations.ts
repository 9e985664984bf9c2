import type { Repository } from "../oci/repository.ts";
import type { Location, Store } from "./store.ts";
import type { ViewStore } from "./view.ts";

/** A Store that can be asked. */
export interface Reader extends ViewStore {
  readonly store: Store;
}

/** One place where referrers are listed, and the Stores that read it. */
export interface LocationGroup {
  readonly location: Location;
  /** One for each identity, in order of preference; never empty. */
  readonly readers: readonly Reader[];
  /** Stores that would send what one of `readers` sends: its answer is theirs. */
  readonly twins: ReadonlyMap<string, string>;
  /** If any of its Stores is. */
  readonly required: boolean;
}

/** Remembers which Store listed a location last, so that a useless credential beside a good one costs nothing. Bounded by its owner. */
export interface OrderMemory {
  get(location: string): string | undefined;
  set(location: string, store: string): void;
}

export function isReader(entry: ViewStore): entry is Reader {
  return entry.store !== undefined;
}

/** Groups Stores by where they read (design 6.2); order-independent. */
export function groupByLocation(readers: readonly Reader[], repository: Repository, memory: OrderMemory): readonly LocationGroup[] {
  const groups = new Map<string, { location: Location; members: Reader[] }>();
  for (const reader of readers) {
    const location = reader.store.locate(repository);
    const group = groups.get(location.key) ?? { location, members: [] };
    group.members.push(reader);
    groups.set(location.key, group);
  }
  return [...groups.values()]
    .toSorted((a, b) => (a.location.key < b.location.key ? -1 : 1))
    .map(({ location, members }) => {
      const ordered = inOrder(members, memory.get(location.key));
      const byIdentity = new Map<string, Reader>();
      const twins = new Map<string, string>();
      for (const member of ordered) {
        const identity = member.store.identity(repository);
        const first = byIdentity.get(identity);
        if (first === undefined) byIdentity.set(identity, member);
        else twins.set(member.name, first.name);
      }
      return { location, readers: [...byIdentity.values()], twins, required: members.some((member) => member.evidence === "Required") };
    });
}

/** Last known good first, then by name. */
export function inOrder(readers: readonly Reader[], lastGood: string | undefined): readonly Reader[] {
  const rank = (reader: Reader): string => (reader.name === lastGood ? `0${reader.name}` : `1${reader.name}`);
  return readers.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
