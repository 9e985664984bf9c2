import { type Clock, nextTurn } from "../kernel/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { mostListed } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-type.ts";
import { toFailure } from "./failure.ts";
import type { Found } from "./found.ts";
import { hedge } from "./hedge.ts";
import { examine, type JudgeDeps } from "./judge.ts";
import { limitExceeded } from "./limits.ts";
import type { LocationGroup, OrderMemory, Reader } from "./locations.ts";
import { StoreError } from "./store.ts";
import { untilAborted } from "./until-aborted.ts";

export interface SurveyDeps extends JudgeDeps {
  readonly clock: Clock;
  readonly hedgeMs: number;
  readonly memory: OrderMemory;
}

/** Which listing: the referrers API or its fallback tag, then cosign's own tag, asked only while the verdict is still open (design 6.2). */
type Stage = "referrers" | "tag";

/** Entries that are looked at between two turns of the event loop. */
const entriesPerTurn = 256;

/** Lists one location and judges what it names, to its end or until `signal` aborts. Rejects only with the signal's reason. */
export async function surveyLocation(group: LocationGroup, deps: SurveyDeps, signal: AbortSignal): Promise<void> {
  let readers = group.readers;
  let hasFailed = false;
  for (const stage of ["referrers", "tag"] as const) {
    const named = new Set<Found>();
    const winner = await list({ group, readers, stage, named, hasFailed }, deps, signal);
    // Also what a Store named before it failed: it may be all that is needed. Whatever came by another location is waited for as well.
    await Promise.all([...named].map((found) => examine(found, deps, signal)));
    signal.throwIfAborted();
    hasFailed ||= winner === undefined;
    // Who listed once lists on; and what others attached until the list was too long has no say in what stands under cosign's tag.
    readers =
      winner === undefined
        ? readers.filter((reader) => isSpoilt(reader, deps))
        : [winner, ...readers.filter((reader) => reader !== winner)];
    if (readers.length === 0) break;
  }
  deps.findings.settle(group, hasFailed ? "failed" : "complete");
  deps.progressed();
}

/** It answers, and its list is too long or cannot be read: that is what whoever may push can bring about. */
function isSpoilt(reader: Reader, { findings }: SurveyDeps): boolean {
  const failureClass = findings.store(reader.name).unlisted?.class;
  return failureClass === "LimitExceeded" || failureClass === "ProtocolError";
}

interface Ask {
  readonly group: LocationGroup;
  readonly readers: readonly Reader[];
  readonly stage: Stage;
  /** Filled with what the listings name. */
  readonly named: Set<Found>;
  /** An earlier stage has failed, and so has the location, whatever this one brings. */
  readonly hasFailed: boolean;
}

/** The Store that listed the location to its end, if any did. */
async function list(ask: Ask, deps: SurveyDeps, signal: AbortSignal): Promise<Reader | undefined> {
  const { group, readers, stage, hasFailed } = ask;
  const outcome = await hedge(readers, (reader, aborted) => listWith(reader, ask, deps, { aborted, signal }), deps, signal);
  for (const [reader, error] of outcome.failures) {
    // Who was stopped, because the verdict stands or the time is up, has not failed: it was not awaited.
    if (signal.aborted && !(error instanceof StoreError)) continue;
    const state = deps.findings.store(reader.name);
    state.listing = "Failed";
    const failure = toFailure(error, { host: group.location.host, timeoutMs: reader.timeoutMs });
    state.unlisted ??= failure;
    deps.findings.addFailure(reader.name, failure);
  }
  signal.throwIfAborted();
  const winner = outcome.winner?.candidate;
  if (hasFailed) return winner;
  markTwins(group, deps, winner);
  if (winner === undefined) return undefined;
  for (const reader of readers) {
    const state = deps.findings.store(reader.name);
    if (reader === winner) state.listing = "Complete";
    else if (state.listing === "NotAwaited") state.listing = "CoveredByOther";
  }
  if (stage === "referrers") deps.memory.set(group.location.key, winner.name);
  return winner;
}

/** Stores that would have sent what another sent: its answer is theirs. */
function markTwins(group: LocationGroup, deps: SurveyDeps, winner: Reader | undefined): void {
  for (const [name, twin] of group.twins) {
    deps.findings.store(name).listing = winner === undefined ? "Failed" : "CoveredByOther";
    if (winner === undefined) for (const failure of deps.findings.store(twin).failures) deps.findings.addFailure(name, failure);
  }
}

/** What no verifier can judge is dropped before limits count: nobody who attaches rubbish can make a signed image inconclusive (design 6.3). */
async function listWith(
  reader: Reader,
  { group, stage, named }: Ask,
  deps: SurveyDeps,
  signals: { readonly aborted: AbortSignal; readonly signal: AbortSignal },
): Promise<void> {
  const { budget, clock, findings, repository, subject, verifiers } = deps;
  using deadline = budget.deadline(reader.timeoutMs, signals.aborted);
  const startedAt = clock.monotonic();
  const state = findings.store(reader.name);
  const count = new EntryCount(reader, group.location.host);
  try {
    const listing =
      stage === "referrers"
        ? reader.store.listReferrers(repository, subject, deadline.signal)
        : reader.store.listTagged(repository, subject, deadline.signal);
    for await (const entry of untilAborted(listing, deadline.signal)) {
      await count.entry();
      const descriptor: Descriptor = stage === "tag" ? { ...entry, artifactType: mediaTypes.cosignSignature } : entry;
      if (!verifiers.some((verifier) => verifier.canVerify(descriptor))) continue;
      count.candidate(descriptor.digest);
      state.named.add(descriptor.digest);
      const found = findings.add({ reader, group, descriptor, byTag: stage === "tag" });
      named.add(found);
      // Not on the listing's signal: what it named is judged even if it fails, or another Store is done first.
      examine(found, deps, signals.signal).catch(() => {
        // The survey awaits the same work, and sees the reason there.
      });
    }
  } finally {
    state.durationMs = (state.durationMs ?? 0) + (clock.monotonic() - startedAt);
  }
}

/** Of one listing: what it has named so far. A limit is that Store's failure: another Store of the location may have a higher one. */
class EntryCount {
  readonly #reader: Reader;
  readonly #host: string;
  readonly #candidates = new Set<Digest>();
  #entries = 0;

  constructor(reader: Reader, host: string) {
    this.#reader = reader;
    this.#host = host;
  }

  /** Whether a verifier can judge it or not: a Store cannot go on for ever. @throws StoreError */
  async entry(): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.#reader.limits.pages * mostListed) throw this.#tooMany("entries", "pages");
    if (this.#entries % entriesPerTurn === 0) await nextTurn();
  }

  /** @throws StoreError */
  candidate(digest: Digest): void {
    this.#candidates.add(digest);
    if (this.#candidates.size > this.#reader.limits.artifacts) throw this.#tooMany("artifacts that a Verifier could judge", "artifacts");
  }

  #tooMany(what: string, limit: "pages" | "artifacts"): StoreError {
    const { limits, name } = this.#reader;
    return new StoreError(limitExceeded(`${this.#host} lists more ${what}`, { limit, limits, store: name }));
  }
}
