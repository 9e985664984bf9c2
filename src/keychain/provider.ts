import type { TokenHost } from "../api/auth-provider.ts";
import type { Pattern } from "../oci/pattern.ts";
import type { AuthProvider, UnavailableReason } from "./ports.ts";

/** One AuthProvider object as a keychain sees it. */
export interface KeychainProvider {
  readonly name: string;
  readonly uid: string;
  /** Epoch ms; of two providers that claim one pattern the older keeps it. */
  readonly creationTime: number;
  /** Changes exactly if the object or anything it reads does. */
  readonly revision: string;
  readonly patterns: readonly Pattern[];
  readonly tokenHosts: readonly TokenHost[];
  /** Exact canonical `host[:port]`, spoken to in http only. */
  readonly plainHTTPHosts: readonly string[];
  readonly allowCredentialsOverHTTP: boolean;
  readonly provider: AuthProvider;
  /** Of an object that did not decode: it keeps its patterns and has no credential for any of them. */
  readonly invalid?: { readonly reason: UnavailableReason; readonly message: string };
}

/** A pattern that one provider of a view lost to an older one. */
export interface LostPattern {
  /** Canonical text. */
  readonly pattern: string;
  /** Name of the AuthProvider that keeps it. */
  readonly keptBy: string;
}

/** A pattern and the provider that answers for it in one view. */
export interface Entry {
  readonly provider: KeychainProvider;
  readonly pattern: Pattern;
}

/** The entries of a view, one for each canonical pattern: the older provider (`creationTime`, then name) keeps it. */
export function ownedPatterns(providers: readonly KeychainProvider[]): ReadonlyMap<string, Entry> {
  const owned = new Map<string, Entry>();
  for (const provider of providers.toSorted(byAge)) {
    for (const pattern of provider.patterns) if (!owned.has(pattern.text)) owned.set(pattern.text, { provider, pattern });
  }
  return owned;
}

/** By name of the provider: the patterns that it lost in this view, for `PatternConflict` in its status; providers that lost none are absent. */
export function patternConflicts(providers: readonly KeychainProvider[]): ReadonlyMap<string, readonly LostPattern[]> {
  const owned = ownedPatterns(providers);
  const lost = new Map<string, readonly LostPattern[]>();
  for (const provider of providers) {
    const names = new Set(provider.patterns.map((pattern) => pattern.text));
    const losses = [...names].flatMap((pattern) => {
      const keptBy = owned.get(pattern)?.provider;
      return keptBy === undefined || keptBy === provider ? [] : [{ pattern, keptBy: keptBy.name }];
    });
    if (losses.length > 0) lost.set(provider.name, losses);
  }
  return lost;
}

function byAge(a: KeychainProvider, b: KeychainProvider): number {
  if (a.creationTime !== b.creationTime) return a.creationTime - b.creationTime;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
