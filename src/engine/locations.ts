import { printRepository, type Repository } from "../oci/repository.ts";
import type { Location, Store } from "./store.ts";
import { describeObject, type ViewStore } from "./view.ts";

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
      const readers = [...Map.groupBy(ordered, (member) => member.store.identity(repository)).values()].map(mostPatient);
      const twins = new Map<string, string>();
      for (const member of ordered) {
        const identity = member.store.identity(repository);
        const asked = readers.find((reader) => reader.store.identity(repository) === identity);
        if (asked !== undefined && asked !== member) twins.set(member.name, asked.name);
      }
      return { location, readers, twins, required: members.some((member) => member.evidence === "Required") };
    });
}

/** Of Stores that would send the same, the one with the most time and the highest limits is asked for all. */
function mostPatient(twins: readonly Reader[]): Reader {
  return twins.reduce((best, other) => (comparePatience(other, best) > 0 ? other : best));
}

function comparePatience(a: Reader, b: Reader): number {
  return (
    a.timeoutMs - b.timeoutMs ||
    a.limits.artifacts - b.limits.artifacts ||
    a.limits.pages - b.limits.pages ||
    a.limits.totalBytes - b.limits.totalBytes ||
    a.limits.blobBytes - b.limits.blobBytes ||
    a.limits.manifestBytes - b.limits.manifestBytes ||
    a.limits.depth - b.limits.depth
  );
}

/** A Store that cannot even say where it reads is a failed location of its own, and nobody else's trouble. */
export function withoutMisplaced(stores: readonly ViewStore[], repository: Repository): readonly ViewStore[] {
  return stores.map((entry) => {
    if (entry.store === undefined) return entry;
    try {
      entry.store.locate(repository);
      entry.store.identity(repository);
      entry.store.repositories(repository);
      entry.store.authority(repository);
      return entry;
    } catch {
      // What was thrown may be anything: it is a defect of the plug-in, and says nothing that may be shown.
      const { store, ...rest } = entry;
      return {
        ...rest,
        problem: {
          class: "Internal",
          message: `${describeObject("Store", store.name)} cannot say where it reads ${printRepository(repository)}`,
        },
      };
    }
  });
}

/** Last known good first, then by name. */
export function inOrder(readers: readonly Reader[], lastGood: string | undefined): readonly Reader[] {
  const rank = (reader: Reader): string => (reader.name === lastGood ? `0${reader.name}` : `1${reader.name}`);
  return readers.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
