/** Members that hold times: two runs of the same verification differ in them. */
const times: ReadonlySet<string> = new Set(["durationMs"]);
/** Of one document that are named; one is enough to doubt all of it. */
const mostDifferences = 20;

/**
 * Where two reports are not the same, times aside: `policies[0].verdict was "deny" and is "allow"`. `isSameVersion`: made by the same version of the program,
 * so that there is no member more in one than in the other; a later version may have added some.
 */
export function compareReports(recorded: unknown, replayed: unknown, options: { readonly isSameVersion: boolean }): readonly string[] {
  const found: string[] = [];
  walk({ at: "", was: recorded, is: replayed }, options.isSameVersion, found);
  return found.slice(0, mostDifferences);
}

interface Pair {
  readonly at: string;
  readonly was: unknown;
  readonly is: unknown;
}

function walk({ at, was, is }: Pair, isSameVersion: boolean, found: string[]): void {
  if (found.length >= mostDifferences || Object.is(was, is)) return;
  if (isComposite(was) && isComposite(is) && Array.isArray(was) === Array.isArray(is)) {
    const isExact = isSameVersion || Array.isArray(was);
    const keys = isExact ? new Set([...Object.keys(was), ...Object.keys(is)]) : new Set(Object.keys(was));
    for (const key of keys) {
      if (times.has(key)) continue;
      const place = Array.isArray(was) ? `${at}[${key}]` : `${at}${at === "" ? "" : "."}${key}`;
      walk({ at: place, was: own(was, key), is: own(is, key) }, isSameVersion, found);
    }
    return;
  }
  found.push(`${at === "" ? "it" : at} was ${show(was)} and is ${show(is)}`);
}

type Composite = Readonly<Record<string, unknown>> | readonly unknown[];

function isComposite(value: unknown): value is Composite {
  return typeof value === "object" && value !== null;
}

function own(value: Composite, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined; // an array's indices are its keys
}

function show(value: unknown): string {
  if (value === undefined) return "absent";
  if (isComposite(value)) return Array.isArray(value) ? `a list of ${value.length}` : "an object";
  const text = JSON.stringify(value) ?? "";
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
