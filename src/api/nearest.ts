/** Longest name that is worth comparing: no field of ours is longer. */
const longestName = 63;

/** The known name that `written` most probably meant: equal but for case, or at most two letters away (one, for short names). */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  if (written.length > longestName) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    const tolerated = Math.min(2, Math.floor(name.length / 3));
    if (distance <= tolerated && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Levenshtein; both texts are at most 63 characters, so at most some 4000 steps. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
