const group = /^[0-9a-f]{1,4}$/;

/**
 * RFC 5952 text of an IPv6 address, without brackets, or undefined. Only hexadecimal groups: no zone, and no embedded dotted quad, which would be a
 * second spelling of an IPv4 address.
 */
export function canonicalIPv6(text: string): string | undefined {
  // Eight groups of four and seven colons: whatever is longer is no address, and need not be split.
  if (text.length > 39) return undefined;
  const halves = text.toLowerCase().split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((text) => group.test(text))) return undefined;
  return compress(groups.map((text) => Number.parseInt(text, 16).toString(16)));
}

/** RFC 5952 §4.2: `::` for the longest run of two or more zero groups, the first of equals. */
function compress(groups: readonly string[]): string {
  let start = -1;
  let length = 1;
  for (let at = 0; at < groups.length; ) {
    let end = at;
    while (groups[end] === "0") end += 1;
    if (end - at > length) {
      start = at;
      length = end - at;
    }
    at = end + 1;
  }
  if (start < 0) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}
