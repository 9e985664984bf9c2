import type { Failure } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository } from "../oci/repository.ts";
import { Budget } from "./budget.ts";
import { type OrderMemory, withoutMisplaced } from "./locations.ts";
import type { InconclusiveCode } from "./report.ts";
import { resolveSubject, type Subject } from "./subject.ts";
import { subjectVerdict } from "./verdict.ts";
import type { View, ViewStore } from "./view.ts";

/**
 * What a Store made of a tag. `CoveredByOther`: another Store of the same repository answered; `NotAsked`: there was nothing to ask, or it is a layout,
 * which says nothing of what a kubelet would pull; `NotAwaited`: the time was up.
 */
export type ResolutionState = "Resolved" | "NotFound" | "Failed" | "CoveredByOther" | "NotAwaited" | "NotAsked";

export interface StoreResolution {
  /** `name`, or `namespace/name`. */
  readonly name: string;
  /** Where it would be asked, after its rewrite; absent for a layout and for an invalid Store. */
  readonly repository?: string;
  readonly state: ResolutionState;
  readonly digest?: Digest;
  /** With `NotFound` and `Failed`. */
  readonly failure?: Failure;
}

/** What an image stands for, and who says so. */
export interface ImageResolution {
  readonly image: string;
  readonly outcome: "resolved" | "not-found" | "inconclusive";
  readonly digest?: Digest;
  /** With `inconclusive`; `NoStore`: nobody is there to be asked. */
  readonly code?: InconclusiveCode | "NoStore";
  /** The shortest sentence that is true. */
  readonly summary: string;
  /** Sorted by name. */
  readonly stores: readonly StoreResolution[];
}

interface ResolveDeps {
  readonly clock: Clock;
  readonly memory: OrderMemory;
  /** For all of it, in ms. Default 30 s. */
  readonly totalMs?: number;
  /** After which a second Store of the same repository is asked too, in ms. Default 250. */
  readonly hedgeMs?: number;
}

const defaults = { totalMs: 30_000, hedgeMs: 250 } as const;

/** What a verification would take the image for (design 6.1), and nothing more: no listing, no verifier. Never throws on account of a store. */
export async function resolveImage(
  request: { readonly image: string; readonly reference: Reference; readonly view: View },
  deps: ResolveDeps,
  signal: AbortSignal,
): Promise<ImageResolution> {
  const { image, reference } = request;
  const { clock, memory, totalMs = defaults.totalMs, hedgeMs = defaults.hedgeMs } = deps;
  const stores = withoutMisplaced(request.view.stores, reference.repository).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (stores.length === 0 && reference.digest === undefined) {
    const summary = `no Store has scopes that match ${printRepository(reference.repository)}`;
    return { image, outcome: "inconclusive", code: "NoStore", summary, stores: [] };
  }
  using deadline = clock.deadline(totalMs, signal);
  const budget = new Budget(clock, totalMs);
  const subject = await resolveSubject(reference, stores, { clock, budget, hedgeMs, memory }, deadline.signal);
  const base = { image, stores: stores.map((entry) => storeResolution(entry, reference, subject, deadline.signal.aborted)) };
  if (subject.outcome === "resolved")
    return { ...base, outcome: "resolved", digest: subject.digest, summary: resolvedSummary(reference, subject) };
  const verdict = subjectVerdict(subject, reference, deadline.signal);
  switch (verdict.outcome) {
    case "inconclusive":
      return { ...base, outcome: "inconclusive", code: verdict.code, summary: verdict.causes.join("; ") };
    case "deny":
    case "allow":
      return { ...base, outcome: "not-found", summary: verdict.reasons.join("; ") };
  }
}

function resolvedSummary(reference: Reference, { digest, resolutions }: Extract<Subject, { outcome: "resolved" }>): string {
  if (reference.digest !== undefined) return "the reference names its digest; no registry was asked whether it is there";
  const by = resolutions.map(({ store }) => store).join(", ");
  return `${printRepository(reference.repository)}:${reference.tag ?? "latest"} is ${digest}, as ${by} ${resolutions.length === 1 ? "says" : "say"}`;
}

function storeResolution(entry: ViewStore, reference: Reference, subject: Subject, isEnded: boolean): StoreResolution {
  const { name, store, problem } = entry;
  const target = store?.repositories(reference.repository).at(-1);
  const base = { name, ...(target !== undefined && { repository: printRepository(target) }) };
  const failure = subject.failures.get(name) ?? problem;
  if (failure !== undefined) return { ...base, state: failure.class === "NotFound" ? "NotFound" : "Failed", failure };
  if (reference.digest !== undefined || target === undefined) return { ...base, state: "NotAsked" };
  const resolutions = subject.outcome === "not-found" ? [] : subject.resolutions;
  const own = resolutions.find((resolution) => resolution.store === name);
  if (own !== undefined) return { ...base, state: "Resolved", digest: own.digest };
  return { ...base, state: isEnded ? "NotAwaited" : "CoveredByOther" };
}
