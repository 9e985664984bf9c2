import type { Failure } from "../api/error-class.ts";
import type { OnInconclusive } from "../api/policy.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import type { Budget } from "./budget.ts";
import { type Findings, nothingFound } from "./evidence.ts";
import type { LocationGroup } from "./locations.ts";
import { foldPolicies, type PolicyState } from "./policy.ts";
import type { ArtifactReport, Report, StoreReport, Verdict } from "./report.ts";
import { policyReport, type Told } from "./sentences.ts";
import { summaryOf, verdictOf } from "./verdict.ts";
import type { View, ViewStore } from "./view.ts";

/** What a report is of, whatever came of it. */
export interface Asked {
  readonly image: string;
  readonly reference: Reference;
  readonly called?: string;
  readonly digest?: Digest;
  readonly view: View;
  readonly budget: Budget;
}

/** A report of an image whose stores were not asked for artifacts. */
export function plainReport(
  asked: Asked,
  verdict: Verdict,
  states: readonly PolicyState[],
  failures: ReadonlyMap<string, Failure> = new Map(),
): Report {
  const { view } = asked;
  const nothing = nothingFound(view.verifiers);
  const stores = byName(view.stores).map((entry): StoreReport => untouched(entry, failures.get(entry.name)));
  return report(asked, {
    verdict,
    states,
    complete: false,
    stores,
    artifacts: [],
    told: { view, findings: nothing, expressionFailures: new Map() },
  });
}

export function reportOf(input: {
  readonly request: Asked & { readonly digest: Digest };
  readonly view: View;
  readonly groups: readonly LocationGroup[];
  readonly findings: Findings;
  readonly nested: readonly Findings[];
  readonly states: readonly PolicyState[];
  readonly expressionFailures: ReadonlyMap<string, string>;
  readonly isEnded: boolean;
}): Report {
  const { findings, groups, nested, request, states, view } = input;
  return report(request, {
    verdict: verdictOf(input),
    states,
    complete: findings.isWhole(),
    stores: byName(view.stores).map((entry) => storeReport(entry, groups, findings)),
    artifacts: [findings, ...nested.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))].flatMap((one) => one.artifactReports()),
    told: input,
  });
}

function report(
  asked: Asked,
  parts: {
    readonly verdict: Verdict;
    readonly states: readonly PolicyState[];
    readonly complete: boolean;
    readonly stores: readonly StoreReport[];
    readonly artifacts: readonly ArtifactReport[];
    readonly told: Told;
  },
): Report {
  const { verdict, states, told, ...rest } = parts;
  const validUntil = exceptionEnd(verdict, states);
  return {
    image: asked.image,
    ...(asked.digest !== undefined && { digest: asked.digest }),
    verdict,
    summary: summaryOf(verdict, asked, states),
    ...rest,
    ...(verdict.outcome === "inconclusive" && { onInconclusive: strictest(states) }),
    ...(validUntil !== undefined && { validUntil }),
    policies: states.map((state) => policyReport(state, told)),
    viewRevision: asked.view.revision,
    durationMs: asked.budget.elapsedMs,
  };
}

/** An allow stands no longer than the exceptions that it needs (design 6.7). */
function exceptionEnd(verdict: Verdict, states: readonly PolicyState[]): number | undefined {
  if (verdict.outcome !== "allow") return undefined;
  const ends = states.flatMap(({ policy, exception }) =>
    policy.enforcement === "Enforce" && exception !== undefined ? exception.expirationTime : [],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

const strictness: readonly OnInconclusive[] = ["Allow", "Warn", "Deny"];

/** Of the policies that enforce and are open; of all that enforce where none was even looked at. Nothing at all: `Deny`. */
function strictest(states: readonly PolicyState[]): OnInconclusive {
  const enforcing = states.filter(({ policy }) => policy.enforcement === "Enforce");
  const open = foldPolicies(states) === "unknown" ? enforcing.filter(({ value }) => value === "unknown") : enforcing;
  const ranks = open.map(({ policy }) => strictness.indexOf(policy.problem === undefined ? policy.onInconclusive : "Deny"));
  return ranks.length === 0 ? "Deny" : (strictness[Math.max(...ranks)] ?? "Deny");
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
