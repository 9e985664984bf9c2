import type { Failure } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import { mapLimited } from "../kernel/limit.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-type.ts";
import type { Repository } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import type { StoreDiscovery } from "./discovery.ts";
import type { DiscoveryClaim } from "./discovery-tree.ts";
import { toFailure } from "./failure.ts";
import type { Reader } from "./locations.ts";
import { StoreError } from "./store.ts";
import { untilAborted } from "./until-aborted.ts";
import { describeObject } from "./view.ts";

/** Of one Store and image: more is no tree that anybody reads. */
const mostEntries = 1000;
/** Listings of one Store under way at a time. */
const listingAtOnce = 4;

/** What one Store has listed so far. */
interface Progress {
  readonly reader: Reader;
  /** Asked in its place: it reads the same location with the same credential. */
  readonly twin?: string;
  /** Every artifact that it named. */
  readonly named: Set<Digest>;
  readonly failures: Failure[];
  entries: number;
  /** Subjects that it has to be asked about, the image first, and has not listed to their end. */
  readonly open: Set<Digest>;
}

/** Asks every Store for listings, and remembers how far each got. */
export class DiscoveryWalk {
  readonly #stores: ReadonlyMap<string, Progress>;
  readonly #deps: { readonly repository: Repository; readonly clock: Clock; readonly budget: Budget };

  constructor(input: {
    readonly root: Digest;
    readonly readers: readonly Reader[];
    readonly repository: Repository;
    readonly clock: Clock;
    readonly budget: Budget;
  }) {
    const { root, readers, ...deps } = input;
    this.#deps = deps;
    const asked = new Map<string, string>();
    this.#stores = new Map(
      readers.map((reader) => {
        const key = `${reader.store.locate(deps.repository).key} ${reader.store.identity(deps.repository)}`;
        const twin = asked.get(key);
        if (twin === undefined) asked.set(key, reader.name);
        return [
          reader.name,
          { reader, ...(twin !== undefined && { twin }), named: new Set(), failures: [], entries: 0, open: new Set([root]) },
        ];
      }),
    );
  }

  /** Whether any Store goes so deep; the image is at depth 1. */
  isWithin(depth: number): boolean {
    return [...this.#stores.values()].some(({ reader }) => reader.limits.depth >= depth);
  }

  /** What every Store that goes so deep says refers to one of the subjects. Never rejects: a Store's failure is its own, and so is the time that it takes. */
  async list(subjects: readonly Digest[], depth: number, signal: AbortSignal): Promise<readonly DiscoveryClaim[]> {
    const asked = [...this.#stores.values()].filter(({ twin, reader }) => twin === undefined && reader.limits.depth >= depth);
    const claims = await Promise.all(
      asked.map(async (progress) => {
        const lists = await mapLimited(subjects, (subject) => this.#listOne(progress, subject, signal), {
          concurrency: listingAtOnce,
          signal: new AbortController().signal, // each listing looks at the signal, and none rejects
        });
        return lists.flat();
      }),
    );
    return claims.flat().flatMap((claim) => [claim, ...this.#twinsOf(claim.store).map((store) => ({ ...claim, store }))]);
  }

  /** Every location was listed to its end, by some Store. */
  isComplete(): boolean {
    const locations = Map.groupBy(this.#stores.values(), ({ reader }) => reader.store.locate(this.#deps.repository).key);
    return [...locations.values()].every((members) => members.some((one) => one.twin === undefined && isWhole(one)));
  }

  storeDiscovery({ name, store }: Reader): StoreDiscovery {
    const own = this.#stores.get(name);
    const progress = own?.twin === undefined ? own : this.#stores.get(own.twin);
    const failures = progress?.failures ?? [];
    const state = progress === undefined || !isWhole(progress) ? (failures.length > 0 ? "Failed" : "NotAwaited") : "Complete";
    return {
      name,
      location: store.locate(this.#deps.repository).key,
      state: own?.twin !== undefined && state === "Complete" ? "ListedByOther" : state,
      artifacts: progress?.named.size ?? 0,
      failures: [...failures],
    };
  }

  async #listOne(progress: Progress, subject: Digest, signal: AbortSignal): Promise<readonly DiscoveryClaim[]> {
    const { reader, failures, open } = progress;
    const claims: DiscoveryClaim[] = [];
    open.add(subject);
    let isWholly = true;
    // What stands under cosign's tag is listed also where the referrers could not be.
    for (const isTagged of [false, true]) {
      if (signal.aborted) return claims;
      using deadline = this.#deps.budget.deadline(reader.timeoutMs, signal);
      try {
        for await (const descriptor of untilAborted(this.#listing(reader, { subject, isTagged }, deadline.signal), deadline.signal)) {
          progress.entries += 1;
          if (progress.entries > mostEntries) throw tooMany(reader.name);
          progress.named.add(descriptor.digest);
          claims.push({ subject, descriptor, isTagged, store: reader.name });
        }
      } catch (error) {
        isWholly = false;
        if (signal.aborted && !(error instanceof StoreError)) return claims;
        const host = reader.store.locate(this.#deps.repository).host;
        const failure = toFailure(error, { host, timeoutMs: reader.timeoutMs });
        if (!failures.some((known) => known.class === failure.class && known.message === failure.message)) failures.push(failure);
      }
    }
    if (isWholly) open.delete(subject);
    return claims;
  }

  async *#listing(
    { store }: Reader,
    { subject, isTagged }: { readonly subject: Digest; readonly isTagged: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<Descriptor> {
    const { repository } = this.#deps;
    const descriptor = { digest: subject, mediaType: "", size: 0 };
    if (!isTagged) yield* store.listReferrers(repository, descriptor, signal);
    else
      for await (const found of store.listTagged(repository, descriptor, signal))
        yield { ...found, artifactType: mediaTypes.cosignSignature };
  }

  #twinsOf(name: string): readonly string[] {
    return [...this.#stores.values()].filter(({ twin }) => twin === name).map(({ reader }) => reader.name);
  }
}

function isWhole({ open, failures }: Progress): boolean {
  return open.size === 0 && failures.length === 0;
}

function tooMany(store: string): StoreError {
  return new StoreError({
    class: "LimitExceeded",
    message: `${describeObject("Store", store)} lists more than ${mostEntries} artifacts; the rest is not shown`,
  });
}
