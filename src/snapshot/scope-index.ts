import { objectId, type ObjectMeta } from "../api/object.ts";
import { matchesScope, type Scope } from "../oci/pattern.ts";
import { registryOf, type Repository } from "../oci/repository.ts";

/** Anything that is asked about the images its scopes match. */
export interface Scoped {
  readonly meta: ObjectMeta;
  readonly scopes: readonly Scope[];
}

/** An object as it was and as it is; absent where it was not there, or is not any more. */
export interface Change<T> {
  readonly before?: T | undefined;
  readonly after?: T | undefined;
}

/** By place (`host`, or `host/segment` where the scope has a path; {@link elsewhere}), then by id. */
type Places<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

/** The place of what stands behind a wildcard, or is of every image; no host is empty. */
const elsewhere = "";

/**
 * Which objects' scopes match an image: a look-up costs what the host and the first segment of its path have, not what the cluster has. Immutable: readers
 * of an older one are not disturbed by {@link with}.
 */
export class ScopeIndex<T extends Scoped> {
  readonly #places: Places<T>;

  constructor(places: Places<T> = new Map()) {
    this.#places = places;
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** Copies the table once, and of its places only those that the changes touch. */
  with(changes: readonly Change<T>[]): ScopeIndex<T> {
    const places = new Map(this.#places);
    const touched = new Map<string, Map<string, T>>();
    const edit = (place: string): Map<string, T> => {
      const entries = touched.get(place) ?? new Map(places.get(place));
      touched.set(place, entries);
      return entries;
    };
    for (const { before, after } of changes) {
      if (before !== undefined) for (const place of placesOf(before)) edit(place).delete(objectId(before.meta));
      if (after !== undefined) for (const place of placesOf(after)) edit(place).set(objectId(after.meta), after);
    }
    for (const [place, entries] of touched) {
      if (entries.size === 0) places.delete(place);
      else places.set(place, entries);
    }
    return new ScopeIndex(places);
  }

  /** Sorted by id. */
  find(repository: Repository): readonly T[] {
    const host = registryOf(repository);
    const found = new Map<string, T>();
    for (const place of [host, `${host}/${repository.segments[0] ?? ""}`, elsewhere]) {
      for (const [id, entry] of this.#places.get(place) ?? []) {
        if (entry.scopes.some((scope) => matchesScope(scope, repository))) found.set(id, entry);
      }
    }
    return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }
}

function placesOf({ scopes }: Scoped): ReadonlySet<string> {
  return new Set(
    scopes.map((scope) => {
      if (scope.kind === "all" || scope.pattern.wildcards > 0) return elsewhere;
      const host = registryOf({ host: scope.pattern.labels.join("."), port: scope.pattern.port });
      const [segment] = scope.pattern.segments;
      return segment === undefined ? host : `${host}/${segment}`;
    }),
  );
}

/** Sorts by id, as every list of a view is. */
export function byId(a: { readonly meta: ObjectMeta }, b: { readonly meta: ObjectMeta }): number {
  return objectId(a.meta) < objectId(b.meta) ? -1 : 1;
}
