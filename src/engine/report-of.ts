import type { Failure } from "../api/error-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { Budget } from "./budget.ts";
import type { Findings } from "./evidence.ts";
import type { Truth } from "./kleene.ts";
import type { LocationGroup } from "./locations.ts";
import type { Report, StoreReport, Verdict } from "./report.ts";
import { verdictOf } from "./verdict.ts";
import type { View, ViewStore } from "./view.ts";

/** A report of an image whose stores were not asked for artifacts. */
export function plainReport(
  base: { readonly image: string; readonly viewRevision: string; readonly budget: Budget },
  verdict: Verdict,
  view: View,
  failures: ReadonlyMap<string, Failure> = new Map(),
): Report {
  const stores = byName(view.stores).map((entry): StoreReport => untouched(entry, failures.get(entry.name)));
  return {
    image: base.image,
    verdict,
    complete: false,
    stores,
    artifacts: [],
    viewRevision: base.viewRevision,
    durationMs: base.budget.elapsedMs,
  };
}

export function reportOf(input: {
  readonly request: { readonly image: string; readonly view: View; readonly digest: Digest; readonly budget: Budget };
  readonly groups: readonly LocationGroup[];
  readonly findings: Findings;
  readonly truth: Truth;
  readonly isEnded: boolean;
}): Report {
  const { findings, groups, request } = input;
  const { view } = request;
  return {
    image: request.image,
    digest: request.digest,
    verdict: verdictOf({ ...input, view }),
    complete: findings.isWhole(),
    stores: byName(view.stores).map((entry) => storeReport(entry, groups, findings)),
    artifacts: findings.artifactReports(),
    viewRevision: view.revision,
    durationMs: request.budget.elapsedMs,
  };
}

function storeReport(entry: ViewStore, groups: readonly LocationGroup[], findings: Findings): StoreReport {
  const group = groups.find(({ readers, twins }) => twins.has(entry.name) || readers.some((reader) => reader.name === entry.name));
  if (group === undefined) return untouched(entry);
  const { listing, named, failures, durationMs } = findings.store(entry.name);
  return {
    name: entry.name,
    location: group.location.key,
    evidence: entry.evidence,
    listing,
    artifacts: named.size,
    failures: [...failures],
    ...(durationMs !== undefined && { durationMs }),
  };
}

function untouched(entry: ViewStore, failed?: Failure): StoreReport {
  const { name, evidence } = entry;
  const failure = entry.problem ?? failed;
  return {
    name,
    evidence,
    listing: failure === undefined ? "NotAwaited" : "Failed",
    artifacts: 0,
    failures: failure === undefined ? [] : [failure],
  };
}

function byName(stores: readonly ViewStore[]): readonly ViewStore[] {
  return stores.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
