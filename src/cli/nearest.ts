/** Further than this is another word, not a slip of the finger. */
const maxDistance = 3;
/** Longer text is not compared: the cost is the product of the lengths. */
const maxLength = 100;

/** The candidate that `text` most likely meant, or undefined where nothing is near; the first of several equally near. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > maxLength) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(maxDistance, Math.floor((text.length + 1) / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) >= bestDistance) continue;
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
