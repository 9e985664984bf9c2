/** Nobody is believed who asks to be left alone for longer (registry-auth.md 6.2), in ms. */
const longestMs = 3_600_000;

/** RFC 9110 §10.2.3: seconds or a date. Epoch ms before which asking again is impolite, at most an hour from `now`; absent where the header says nothing of use. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^[0-9]{1,10}$/.test(trimmed)) return now + Math.min(Number(trimmed) * 1000, longestMs);
  // IMF-fixdate only: Date.parse also reads "1" and "2026".
  if (!/^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/.test(trimmed)) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) || at <= now ? undefined : Math.min(at, now + longestMs);
}
