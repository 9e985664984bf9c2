import type { KeyProvider, LastGood, TrustedKey } from "./ports.ts";

/** What a Secret or ConfigMap gave when it was read. It counts as a whole: one key that cannot be used makes the version unusable. */
export type Reading =
  | { readonly outcome: "usable"; readonly source: string; readonly version: string; readonly keys: readonly TrustedKey[] }
  | { readonly outcome: "unusable"; readonly source: string; readonly version: string; readonly problem: string }
  /** There is no such object. */
  | { readonly outcome: "gone"; readonly problem: string };

/** Who reads: the spec as it is now, and what was built of the object before. */
interface Reader {
  readonly spec: string;
  readonly previous?: KeyProvider;
}

/**
 * The provider of a reading (docs/adr/0013-last-good-keys.md): a usable version replaces whatever was trusted; an unusable one leaves the last usable version
 * of the same object in force, as long as the same spec reads it; without such a version, and as soon as the object is gone, nothing is trusted.
 */
export function keepLastGood(reading: Reading, { spec, previous }: Reader): KeyProvider {
  switch (reading.outcome) {
    case "usable": {
      const { source, version, keys } = reading;
      return { keys: () => keys, lastGood: { spec, source, version, keys } };
    }
    case "unusable": {
      const kept = previous?.lastGood;
      // Another uid: the object was deleted and made anew, however quickly, and deleting is revoking.
      if (kept === undefined || kept.spec !== spec || kept.source !== reading.source) return nothing(reading.problem);
      return stillTrusted({ ...kept, brokenSince: kept.brokenSince ?? reading.version }, reading.problem);
    }
    case "gone":
      return { ...nothing(reading.problem), isMissing: true };
  }
}

function nothing(problem: string): KeyProvider {
  return { keys: () => [], problem };
}

function stillTrusted(kept: LastGood & { readonly brokenSince: string }, problem: string): KeyProvider {
  const stale = `The keys of version ${kept.version} stay in use: since version ${kept.brokenSince} ${problem}`;
  return { keys: () => kept.keys, stale, lastGood: kept };
}
