import type { Clock } from "../kernel/clock.ts";
import { Limit } from "../kernel/limit.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-type.ts";
import type { Repository } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import type { Findings } from "./evidence.ts";
import { toFailure } from "./failure.ts";
import { hedge } from "./hedge.ts";
import { judge } from "./judge.ts";
import type { LocationGroup, OrderMemory, Reader } from "./locations.ts";
import type { ResultCache } from "./result-cache.ts";
import { StoreError } from "./store.ts";
import type { Verifier } from "./verifier.ts";

export interface SurveyDeps {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly hedgeMs: number;
  readonly memory: OrderMemory;
  readonly results: ResultCache;
  readonly repository: Repository;
  readonly subject: Descriptor;
  readonly verifiers: readonly Verifier[];
  readonly findings: Findings;
  /** Called after every result: the caller stops the survey as soon as the outcome can no longer change. */
  readonly progressed: () => void;
  /** Artifacts read at a time, over all locations. */
  readonly reading: Limit;
}

/** Which listing: the referrers API or its fallback tag, then cosign's own tag, asked only while the verdict is still open (design 6.2). */
type Stage = "referrers" | "tag";

/** Lists one location and judges what it names, to its end or until `signal` aborts. Rejects only with the signal's reason. */
export async function surveyLocation(group: LocationGroup, deps: SurveyDeps, signal: AbortSignal): Promise<void> {
  let readers = group.readers;
  for (const stage of ["referrers", "tag"] as const) {
    const listed = await list(group, readers, { stage, deps }, signal);
    signal.throwIfAborted();
    if (listed === undefined) {
      deps.findings.settle(group, "failed");
      deps.progressed();
      return;
    }
    // Who listed once lists on, and is who content is read from first.
    readers = [listed.reader, ...group.readers.filter((reader) => reader !== listed.reader)];
    await Promise.all(
      listed.descriptors.map(async (descriptor) => {
        if (!deps.findings.add(descriptor, { reader: listed.reader, required: group.required, byTag: stage === "tag" })) return;
        const found = deps.findings.artifacts.get(descriptor.digest);
        if (found === undefined) return;
        await deps.reading.run(() => judge(found, { ...deps, readers }, signal), signal);
        deps.progressed();
      }),
    );
  }
  deps.findings.settle(group, "complete");
  deps.progressed();
}

interface Listed {
  readonly reader: Reader;
  readonly descriptors: readonly Descriptor[];
}

async function list(
  group: LocationGroup,
  readers: readonly Reader[],
  ask: { readonly stage: Stage; readonly deps: SurveyDeps },
  signal: AbortSignal,
): Promise<Listed | undefined> {
  const { deps, stage } = ask;
  const outcome = await hedge(readers, (reader, aborted) => listWith(reader, ask, aborted), deps, signal);
  for (const [reader, error] of outcome.failures) {
    // Who was stopped, because the verdict stands or the time is up, has not failed: it was not awaited.
    if (signal.aborted && !(error instanceof StoreError)) continue;
    const state = deps.findings.store(reader.name);
    state.listing = "Failed";
    deps.findings.addFailure(reader.name, toFailure(error, { host: group.location.host, timeoutMs: deps.budget.slice(reader.timeoutMs) }));
  }
  signal.throwIfAborted();
  const { winner } = outcome;
  for (const [name, twin] of group.twins) {
    const state = deps.findings.store(name);
    state.listing = winner === undefined ? "Failed" : "CoveredByOther";
    if (winner === undefined) for (const failure of deps.findings.store(twin).failures) deps.findings.addFailure(name, failure);
  }
  if (winner === undefined) return undefined;
  for (const reader of readers) {
    const state = deps.findings.store(reader.name);
    if (reader === winner.candidate) state.listing = "Complete";
    else if (!outcome.failures.has(reader) && state.listing === "NotAwaited") state.listing = "CoveredByOther";
  }
  if (stage === "referrers") deps.memory.set(group.location.key, winner.candidate.name);
  deps.findings.store(winner.candidate.name).artifacts += winner.value.length;
  return { reader: winner.candidate, descriptors: winner.value };
}

/** What no verifier can judge is dropped before limits count: nobody who attaches rubbish can make a signed image inconclusive (design 6.3). */
async function listWith(
  reader: Reader,
  ask: { readonly stage: Stage; readonly deps: SurveyDeps },
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const { budget, clock, findings, repository, subject, verifiers } = ask.deps;
  using deadline = budget.deadline(reader.timeoutMs, signal);
  const startedAt = clock.monotonic();
  const descriptors = new Map<string, Descriptor>();
  try {
    const listing =
      ask.stage === "referrers"
        ? reader.store.listReferrers(repository, subject, deadline.signal)
        : reader.store.listTagged(repository, subject, deadline.signal);
    for await (const listed of listing) {
      const descriptor = ask.stage === "tag" ? { ...listed, artifactType: mediaTypes.cosignSignature } : listed;
      if (!verifiers.some((verifier) => verifier.canVerify(descriptor))) continue;
      if (descriptors.size >= reader.limits.artifacts && !descriptors.has(descriptor.digest)) {
        findings.limitHit = { store: reader.name, limit: reader.limits.artifacts, required: reader.evidence === "Required" };
        break;
      }
      descriptors.set(descriptor.digest, descriptor);
    }
    return [...descriptors.values()];
  } finally {
    const state = findings.store(reader.name);
    state.durationMs = (state.durationMs ?? 0) + (clock.monotonic() - startedAt);
  }
}
