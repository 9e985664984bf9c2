import type { Failure } from "../api/error-class.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import { printRepository, registryOf } from "../oci/repository.ts";
import type { Budget } from "./budget.ts";
import { toFailure } from "./failure.ts";
import { hedge } from "./hedge.ts";
import { inOrder, type OrderMemory, type Reader } from "./locations.ts";

/** What an image reference stands for. */
export type Subject =
  | { readonly outcome: "resolved"; readonly digest: Digest; readonly failures: ReadonlyMap<string, Failure> }
  | {
      readonly outcome: "ambiguous";
      readonly digests: readonly { readonly store: string; readonly digest: Digest }[];
      readonly failures: ReadonlyMap<string, Failure>;
    }
  | { readonly outcome: "not-found" | "unresolved"; readonly failures: ReadonlyMap<string, Failure> };

interface Deps {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly hedgeMs: number;
  readonly memory: OrderMemory;
}

/**
 * A digest is what it is, and nobody is asked: whether a registry holds it is the kubelet's to find out. A tag is resolved only at the repository that the
 * reference names, after each Store's rewrite; Stores that read the same repository are alternatives, different repositories must agree (design 6.1).
 */
export async function resolveSubject(reference: Reference, readers: readonly Reader[], deps: Deps, signal: AbortSignal): Promise<Subject> {
  if (reference.digest !== undefined) return { outcome: "resolved", digest: reference.digest, failures: new Map() };
  const tag = reference.tag ?? "latest";
  const targets = groupByTarget(reference, readers);
  const failures = new Map<string, Failure>();
  const found = await Promise.all(
    [...targets].map(async ([target, members]) => {
      const outcome = await hedge(
        inOrder(members, deps.memory.get(target)),
        (reader, aborted) => resolveTag(reader, { reference, tag }, deps, aborted),
        deps,
        signal,
      );
      for (const [reader, error] of outcome.failures)
        failures.set(reader.name, toFailure(error, { host: registryOf(reference.repository), timeoutMs: reader.timeoutMs }));
      return outcome.winner === undefined ? [] : [{ store: outcome.winner.candidate.name, digest: outcome.winner.value.digest }];
    }),
  );
  const digests = found.flat();
  const [first] = digests;
  if (first === undefined) {
    const everyOneSaysSo = failures.size > 0 && [...failures.values()].every((failure) => failure.class === "NotFound");
    return { outcome: everyOneSaysSo ? "not-found" : "unresolved", failures };
  }
  if (digests.some(({ digest }) => digest !== first.digest)) return { outcome: "ambiguous", digests, failures };
  return { outcome: "resolved", digest: first.digest, failures };
}

/** Stores by the repository that their rewrite makes of the image's own. A layout has none: it is never asked what a tag means. */
function groupByTarget(reference: Reference, readers: readonly Reader[]): ReadonlyMap<string, readonly Reader[]> {
  const targets = new Map<string, Reader[]>();
  for (const reader of readers) {
    const target = reader.store.repositories(reference.repository).at(-1);
    if (target === undefined) continue;
    const key = printRepository(target);
    targets.set(key, [...(targets.get(key) ?? []), reader]);
  }
  return targets;
}

async function resolveTag(
  reader: Reader,
  image: { readonly reference: Reference; readonly tag: string },
  deps: Deps,
  signal: AbortSignal,
): Promise<Descriptor> {
  using deadline = deps.budget.deadline(reader.timeoutMs, signal);
  return await reader.store.resolve(image.reference.repository, { tag: image.tag }, deadline.signal);
}
