import { keyOfId } from "../api/object.ts";
import { echo } from "../oci/parsed.ts";
import { matchesPattern, type Pattern } from "../oci/pattern.ts";
import { registryOf, type Repository } from "../oci/repository.ts";
import type { Candidate, CandidateReason } from "./ports.ts";
import type { Entry, KeychainProvider } from "./provider.ts";
import { compareRank } from "./trie.ts";

/** An explanation is for reading: more candidates than this are cut, those that do not match first. */
const mostCandidates = 100;
const order: Readonly<Record<CandidateReason, number>> = {
  Selected: 0,
  EqualRank: 1,
  PatternConflict: 2,
  LessSpecific: 3,
  MoreWildcards: 4,
  NoMatch: 5,
};

/** Every pattern of a view and what became of it, the winner first, then by rank; those that do not match by nearness. Its cost grows with the view. */
export function candidatesFor(
  repository: Repository,
  view: { readonly providers: readonly KeychainProvider[]; readonly owned: ReadonlyMap<string, Entry>; readonly winners: readonly Entry[] },
): readonly Candidate[] {
  const selected = view.winners.length === 1 ? view.winners[0] : undefined;
  const labels = repository.host.split(".");
  const rows = view.providers.flatMap((provider) =>
    provider.patterns.map((pattern) => {
      const owner = view.owned.get(pattern.text)?.provider ?? provider;
      const matched = matchesPattern(pattern, repository);
      const reason = matched ? reasonOf(pattern, { lost: owner !== provider, selected, best: view.winners[0]?.pattern }) : "NoMatch";
      return { name: provider.name, pattern, reason, nearness: matched ? 0 : nearness(pattern, repository, labels) };
    }),
  );
  return rows
    .toSorted(
      (a, b) =>
        order[a.reason] - order[b.reason] ||
        b.nearness - a.nearness ||
        compareRank(a.pattern, b.pattern) ||
        compareText(a.pattern.text, b.pattern.text) ||
        compareText(a.name, b.name),
    )
    .slice(0, mostCandidates)
    .map(({ name, pattern, reason }) => ({ name, pattern: pattern.text, reason }));
}

/** The pattern that someone may have meant for this registry; none where nothing but the top-level label agrees. */
export function nearestEntry(repository: Repository, entries: Iterable<Entry>): Entry | undefined {
  let nearest: Entry | undefined;
  let best = 0;
  const labels = repository.host.split(".");
  for (const entry of entries) {
    const score = nearness(entry.pattern, repository, labels);
    const better = score > best || (score === best && nearest !== undefined && compareText(entry.pattern.text, nearest.pattern.text) < 0);
    if (score === 0 || !better) continue;
    nearest = entry;
    best = score;
  }
  return nearest;
}

/**
 * What is said of a name in `authProviderRefs` that a Store cannot use. To a namespace the same of what does not exist and of what the cluster does not share
 * with it, which is no business of the namespace.
 */
export function absenceOf(ids: readonly [string, ...string[]], namespace: string | undefined): string {
  const [id, ...others] = ids;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const said = `${keyOfId("AuthProvider", echo(id))}${more} does not exist`;
  return namespace === undefined || id.includes("/") ? said : `${said}, or does not list namespace ${namespace} in allowedNamespaces`;
}

/** `no AuthProvider matches mirror.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)`. */
export function unmatchedMessage(repository: Repository, nearest: Entry | undefined): string {
  const text = `no AuthProvider matches ${brief(registryOf(repository))}`;
  if (nearest === undefined) return text;
  return `${text} (nearest pattern: "${brief(nearest.pattern.text)}" of ${keyOfId("AuthProvider", brief(nearest.provider.name))})`;
}

export function conflictMessage(tied: readonly Entry[], repository: Repository): string {
  // The two named are of different providers, which is what makes it a conflict.
  const rival = tied.find((entry) => entry.provider !== tied[0]?.provider);
  const [one, other] = [...tied.slice(0, 1), ...(rival === undefined ? [] : [rival])].map(
    (entry) => `"${brief(entry.pattern.text)}" of ${keyOfId("AuthProvider", brief(entry.provider.name))}`,
  );
  return echo(`${one} and ${other} match ${brief(registryOf(repository))}, and neither is more specific`, longestMessage);
}

/** Three of the five names in a message of 256 bytes may be this long at once, which no real ones are; what does not fit is cut. */
const briefly = 60;
const longestMessage = 256;

function brief(text: string): string {
  return echo(text, briefly);
}

function reasonOf(
  pattern: Pattern,
  options: { readonly lost: boolean; readonly selected: Entry | undefined; readonly best: Pattern | undefined },
): CandidateReason {
  if (options.lost) return "PatternConflict";
  if (options.selected?.pattern.text === pattern.text) return "Selected";
  if (options.best === undefined) return "NoMatch";
  if (pattern.wildcards > options.best.wildcards) return "MoreWildcards";
  return compareRank(pattern, options.best) > 0 ? "LessSpecific" : "EqualRank";
}

/** Labels that agree, counted from the right: two points for an equal one, one for `*` or a slip of the pen; and two for each leading segment of a host that agrees whole. */
function nearness(pattern: Pattern, repository: Repository, labels: readonly string[]): number {
  // An IP address is one label of a pattern.
  const host = pattern.labels.length === 1 ? [repository.host] : labels;
  // Every second registry ends in .io: the last label tells nothing, unless it is the only one.
  const first = host.length === 1 ? 1 : 2;
  let score = 0;
  let equal = 0;
  for (let at = first; at <= Math.min(host.length, pattern.labels.length); at += 1) {
    const [have, want] = [host[host.length - at], pattern.labels[pattern.labels.length - at]];
    if (have === undefined || want === undefined) break;
    const points = have === want ? 2 : Number(isSlip(have, want));
    equal += points;
    score += want === "*" ? 1 : points;
  }
  if (equal === 0) return 0;
  const whole = host.length === pattern.labels.length && pattern.labels.every((label, at) => label === "*" || label === host[at]);
  if (!whole) return score;
  let segments = 0;
  while (segments < pattern.segments.length && pattern.segments[segments] === repository.segments[segments]) segments += 1;
  return 1000 + 2 * segments + Number(pattern.port === repository.port);
}

/** One letter more, less or other, or two neighbours swapped, in words long enough for that to be one. */
function isSlip(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 4) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
