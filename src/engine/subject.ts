import type { Failure } from "../api/error-class.ts";
import { type Clock, raceSignal } from "../kernel/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository, registryOf, type Repository } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import { toFailure } from "./failure.ts";
import { hedge } from "./hedge.ts";
import { inOrder, isReader, type OrderMemory, type Reader } from "./locations.ts";
import { StoreError } from "./store.ts";
import type { ViewStore } from "./view.ts";

/** What one Store made of a tag. */
export interface Resolution {
  readonly store: string;
  readonly digest: Digest;
}

/** What an image reference stands for; `failures` are by Store. */
export type Subject =
  | {
      readonly outcome: "resolved";
      readonly digest: Digest;
      /** Of a tag: by whom. */
      readonly resolutions: readonly Resolution[];
      readonly failures: ReadonlyMap<string, Failure>;
    }
  | {
      readonly outcome: "ambiguous" | "unresolved";
      readonly resolutions: readonly Resolution[];
      readonly failures: ReadonlyMap<string, Failure>;
    }
  | { readonly outcome: "not-found"; readonly failures: ReadonlyMap<string, Failure> };

const invalid: Failure = { class: "Internal", message: "The Store is invalid" };

interface Deps {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly hedgeMs: number;
  readonly memory: OrderMemory;
}

/**
 * A digest is what it is, and nobody is asked: whether a registry holds it is the kubelet's to find out. A tag is resolved only at the repository that the
 * reference names, after each Store's rewrite (design 6.1). Stores that ask the same of the same are alternatives; different repositories must agree, and
 * each must answer: the kubelet may pull through any of them, so that one that is silent could stand for another image. "Not there" is an answer,
 * and a repository that is not shown is none.
 */
export async function resolveSubject(
  reference: Reference,
  stores: readonly ViewStore[],
  deps: Deps,
  signal: AbortSignal,
): Promise<Subject> {
  if (reference.digest !== undefined) return { outcome: "resolved", digest: reference.digest, resolutions: [], failures: new Map() };
  const failures = new Map<string, Failure>();
  // Where an invalid Store would send the tag is unknown, and that an Optional one has become invalid must not settle what was ambiguous by it.
  for (const { name, problem, store } of stores) if (store === undefined) failures.set(name, problem ?? invalid);
  let isSilent = failures.size > 0;
  const resolutions: Resolution[] = [];
  await Promise.all(
    groupByTarget(reference, stores.filter(isReader)).map(async ({ key, target, members }) => {
      const answer = await resolveAt({ key, target, members, reference }, deps, signal);
      for (const [name, failure] of answer.failures) failures.set(name, failure);
      if (answer.resolution !== undefined) resolutions.push(answer.resolution);
      else
        isSilent ||=
          answer.isUnproven ||
          [...answer.failures.values()].some((failure) => failure.class !== "NotFound") ||
          answer.failures.size < members.length;
    }),
  );
  resolutions.sort((a, b) => (a.store < b.store ? -1 : 1));
  const [first] = resolutions;
  if (resolutions.some(({ digest }) => digest !== first?.digest)) return { outcome: "ambiguous", resolutions, failures };
  if (isSilent || (first === undefined && failures.size === 0)) return { outcome: "unresolved", resolutions, failures };
  return first === undefined ? { outcome: "not-found", failures } : { outcome: "resolved", digest: first.digest, resolutions, failures };
}

/** Stores that would be told the same by the same. */
interface Target {
  readonly key: string;
  readonly target: Repository;
  readonly members: Reader[];
}

/**
 * Stores by the repository that their rewrite makes of the image's own, and by who may answer there: a Store in plain HTTP, or with roots of trust of its own, is
 * no alternative to one that asks the same host for more. A layout has none: it is never asked what a tag means.
 */
function groupByTarget(reference: Reference, readers: readonly Reader[]): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const reader of readers) {
    const target = reader.store.repositories(reference.repository).at(-1);
    if (target === undefined) continue;
    const key = `${printRepository(target)} ${reader.store.authority(reference.repository)}`;
    const known = targets.get(key) ?? { key, target, members: [] };
    known.members.push(reader);
    targets.set(key, known);
  }
  return [...targets.values()];
}

interface Answer {
  readonly resolution?: Resolution;
  /** Somebody was not even shown the repository. */
  readonly isUnproven: boolean;
  readonly failures: ReadonlyMap<string, Failure>;
}

async function resolveAt(ask: Target & { readonly reference: Reference }, deps: Deps, signal: AbortSignal): Promise<Answer> {
  const { key, target, members, reference } = ask;
  const tag = reference.tag ?? "latest";
  const resolve = async (reader: Reader, aborted: AbortSignal): Promise<Descriptor> => {
    using deadline = deps.budget.deadline(reader.timeoutMs, aborted);
    return await raceSignal(reader.store.resolve(reference.repository, { tag }, deadline.signal), deadline.signal);
  };
  const outcome = await hedge(inOrder(members, deps.memory.get(key)), resolve, deps, signal);
  const failures = new Map(
    [...outcome.failures].map(([reader, error]) => [
      reader.name,
      toFailure(error, { host: registryOf(target), timeoutMs: reader.timeoutMs }),
    ]),
  );
  const isUnproven = [...outcome.failures.values()].some((error) => error instanceof StoreError && error.isUnproven);
  if (outcome.winner === undefined) return { failures, isUnproven };
  const { candidate, value } = outcome.winner;
  deps.memory.set(key, candidate.name);
  return { resolution: { store: candidate.name, digest: value.digest }, failures, isUnproven };
}
