import { builtInPolicy } from "../../src/engine/built-in.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import { ResultCache } from "../../src/engine/result-cache.ts";
import type { Report } from "../../src/engine/report.ts";
import type { NamespaceInfo } from "../../src/engine/request.ts";
import type { VerdictCache } from "../../src/engine/verdict-cache.ts";
import { verifyImage } from "../../src/engine/verify-image.ts";
import type { ViewLeaf, ViewPolicy, ViewStore, ViewVerifier } from "../../src/engine/view.ts";
import { parseReference, type Reference } from "../../src/oci/reference.ts";
import { ManualClock } from "../support/clock.ts";
import { subject } from "./model-artifact.ts";
import { modelVerifier, ready } from "./model-verifier.ts";

export interface VerifyOptions {
  readonly verifiers?: readonly ViewVerifier[];
  readonly image?: string;
  readonly clock?: ManualClock;
  readonly memory?: Map<string, string>;
  readonly results?: ResultCache;
  readonly verdicts?: VerdictCache;
  readonly totalMs?: number;
  readonly signal?: AbortSignal;
  /** Default: the built-in one. */
  readonly policies?: readonly ViewPolicy[];
  readonly expressions?: Expressions;
  readonly namespace?: NamespaceInfo;
}

/** A policy of one leaf for each entry, enforced. */
export function policy(name: string, leaves: readonly ViewLeaf[], more: Partial<ViewPolicy> = {}): ViewPolicy {
  return {
    name: `Policy/${name}`,
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: leaves.map((leaf) => ({ anyOf: [leaf] })),
    ...more,
  };
}

/** At least one signer of the Verifier, unless said otherwise. */
export function needs(verifier: string, more: Partial<Extract<ViewLeaf, { type: "verifier" }>> = {}): ViewLeaf {
  return { type: "verifier", verifier, atLeast: 1, count: "Signers", every: false, ...more };
}

export const digestImage = `registry.example/app@${subject}`;

/** One verification, by one model verifier and a clock that stands still, unless said otherwise. */
export function verify(stores: readonly ViewStore[], options: VerifyOptions = {}): Promise<Report> {
  const { image = digestImage, clock = new ManualClock(), verifiers = ready(modelVerifier("release")) } = options;
  const byName = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
    list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return verifyImage(
    {
      image,
      reference: reference(image),
      view: {
        revision: "r1",
        stores: byName(stores),
        verifiers: byName(verifiers),
        policies: options.policies ?? [builtInPolicy(byName(verifiers))],
      },
      ...(options.namespace !== undefined && { namespace: options.namespace }),
    },
    {
      clock,
      memory: options.memory ?? new Map<string, string>(),
      results: options.results ?? new ResultCache(),
      ...(options.expressions !== undefined && { expressions: options.expressions }),
      ...(options.verdicts !== undefined && { verdicts: options.verdicts }),
      ...(options.totalMs !== undefined && { totalMs: options.totalMs }),
    },
    options.signal ?? new AbortController().signal,
  );
}

export function reference(text: string): Reference {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new TypeError(parsed.message);
  return parsed.value;
}

/** The verdict in a word: its outcome, and its code where there is one. */
export function wordOf({ verdict }: Report): string {
  return verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`;
}

/** How far each store's listing got, and the classes of what went wrong. */
export function listings(report: Report): Readonly<Record<string, string>> {
  return Object.fromEntries(
    report.stores.map(({ name, listing, failures }) => [name, [listing, ...failures.map((failure) => failure.class)].join(" ")]),
  );
}

/** A barrier: whoever waits goes on when it opens. */
export function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, open: () => resolve() };
}
