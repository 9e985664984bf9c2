import type { Clock } from "../kernel/clock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { Budget } from "./budget.ts";
import type { Discovery, StoreDiscovery } from "./discovery.ts";
import { DiscoveryTree } from "./discovery-tree.ts";
import { DiscoveryWalk } from "./discovery-walk.ts";
import { isReader, type OrderMemory, withoutMisplaced } from "./locations.ts";
import { type ImageResolution, resolveImage } from "./resolve-image.ts";
import type { View } from "./view.ts";

export interface DiscoverDeps {
  readonly clock: Clock;
  readonly memory: OrderMemory;
  /** For all of it, in ms. Default 30 s. */
  readonly totalMs?: number;
}

const defaultTotalMs = 30_000;

/**
 * What every Store of the view says is attached to the image, and to what is attached to it, as deep as its `limits.depth`. Nothing is read but listings.
 * Every Store is asked, also where another one of the same location has answered: what each of them sees, and what keeps it from seeing, is the point.
 * Never throws on account of a Store; when `signal` aborts, or the time is up, it answers with what is known.
 */
export async function discoverArtifacts(
  request: { readonly image: string; readonly reference: Reference; readonly view: View },
  deps: DiscoverDeps,
  signal: AbortSignal,
): Promise<Discovery> {
  const { image, reference } = request;
  const { repository } = reference;
  const totalMs = deps.totalMs ?? defaultTotalMs;
  const budget = new Budget(deps.clock, totalMs);
  using deadline = deps.clock.deadline(totalMs, signal);
  const stores = withoutMisplaced(request.view.stores, repository).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const resolution = await resolveImage({ image, reference, view: { ...request.view, stores } }, { ...deps, totalMs }, deadline.signal);
  const { digest } = resolution;
  if (digest === undefined) return unresolved(resolution);
  if (stores.length === 0)
    return {
      image,
      digest,
      outcome: "inconclusive",
      code: "NoStore",
      summary: `no Store has scopes that match ${printRepository(repository)}`,
      artifacts: [],
      stores: [],
    };
  const readers = stores.filter(isReader);
  const walk = new DiscoveryWalk({ root: digest, readers, repository, clock: deps.clock, budget });
  const tree = new DiscoveryTree(digest);
  await grow(tree, walk, deadline.signal);
  const told = stores.map((entry): StoreDiscovery => {
    if (isReader(entry)) return walk.storeDiscovery(entry);
    return { name: entry.name, state: "Failed", artifacts: 0, failures: entry.problem === undefined ? [] : [entry.problem] };
  });
  const isComplete = readers.length === stores.length && walk.isComplete() && !deadline.signal.aborted;
  return {
    image,
    digest,
    outcome: isComplete ? "complete" : "partial",
    summary: summaryOf({ count: tree.size, isComplete, isEnded: deadline.signal.aborted }),
    artifacts: tree.artifacts(),
    stores: told,
  };
}

/** Level by level: what is listed on one is sorted before the next is asked about, so that the tree does not depend on who answers first. */
async function grow(tree: DiscoveryTree, walk: DiscoveryWalk, signal: AbortSignal): Promise<void> {
  let level: readonly Digest[] = [tree.root];
  for (let depth = 1; level.length > 0 && !signal.aborted; depth += 1) {
    const askable = walk.isWithin(depth);
    if (!askable) {
      tree.leaveUnlisted(level);
      return;
    }
    const claims = await walk.list(level, depth, signal);
    level = tree.add(claims);
  }
}

function summaryOf({
  count,
  isComplete,
  isEnded,
}: {
  readonly count: number;
  readonly isComplete: boolean;
  readonly isEnded: boolean;
}): string {
  const what = count === 0 ? "no artifact" : count === 1 ? "1 artifact" : `${count} artifacts`;
  if (isComplete) return `${what} ${count === 1 || count === 0 ? "is" : "are"} attached`;
  return `${what} found, and there may be more: ${isEnded ? "the time was up" : "not every location was listed to its end"}`;
}

function unresolved({ image, outcome, code, summary, stores }: ImageResolution): Discovery {
  return {
    image,
    outcome: outcome === "not-found" ? "not-found" : "inconclusive",
    ...(code !== undefined && { code }),
    summary,
    artifacts: [],
    stores: stores.map(({ name, state, failure }) => ({
      name,
      // Who resolved the tag, or was not needed for that, was not asked for what hangs on it.
      state: state === "Resolved" || state === "CoveredByOther" ? "NotAsked" : state,
      artifacts: 0,
      failures: failure === undefined ? [] : [failure],
    })),
  };
}
