import { createKeychain, type KeychainProvider } from "../../src/keychain/keychain.ts";
import { parsePattern } from "../../src/oci/pattern.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Repository } from "../../src/oci/repository.ts";

/** One line of docs/benchmarks.md. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What design 9 asks for, in the same unit; absent: told for scale only. */
  readonly budget?: number;
}

const references = 1_000_000;
const rounds = 2;

/** Keychain look-ups of 10⁶ distinct references at 10 and at 10,000 patterns, measured by turns in one run; the better of two rounds. */
export function run(): Promise<readonly Row[]> {
  const few = workload(10);
  const many = workload(10_000);
  const best = { few: 0, many: 0, select: 0, parse: 0, fewWild: 0, manyWild: 0 };
  const measure = <T>(name: keyof typeof best, items: readonly T[], work: (item: T) => unknown): void => {
    best[name] = Math.max(best[name], perSecond(items, work));
  };
  for (let round = 0; round < rounds; round += 1) {
    // Parsed anew each time: a string that was looked up before carries its hash with it, and a reference off the wire does not.
    measure("few", few.exact.map(parse), (repository) => few.keychain.find(repository));
    measure("many", many.exact.map(parse), (repository) => many.keychain.find(repository));
    measure("fewWild", few.wildcard.map(parse), (repository) => few.keychain.find(repository));
    measure("manyWild", many.wildcard.map(parse), (repository) => many.keychain.find(repository));
    measure("select", many.exact.map(parse), (repository) => many.keychain.select(repository));
    measure("parse", many.exact, parseReference);
  }
  const rows: readonly Row[] = [
    { name: "keychain: literal host, 10 patterns", value: best.few, unit: "look-ups/s", budget: 1_000_000 },
    { name: "keychain: literal host, 10,000 patterns", value: best.many, unit: "look-ups/s", budget: 1_000_000 },
    { name: "keychain: literal host, ratio 10,000 : 10", value: best.many / best.few, unit: "" },
    { name: "keychain: wildcard host, 10 patterns", value: best.fewWild, unit: "look-ups/s", budget: 1_000_000 },
    { name: "keychain: wildcard host, 10,000 patterns", value: best.manyWild, unit: "look-ups/s", budget: 1_000_000 },
    { name: "keychain: wildcard host, ratio 10,000 : 10", value: best.manyWild / best.fewWild, unit: "" },
    { name: "keychain: select() with its answer, 10,000 patterns", value: best.select, unit: "look-ups/s" },
    { name: "oci: parseReference()", value: best.parse, unit: "references/s" },
  ];
  return Promise.resolve(rows);
}

/** `patterns` patterns, half with a path, a fifth with wildcards, and as many distinct references as the budget names, spread over all of them. */
function workload(patterns: number) {
  const texts = Array.from({ length: patterns }, (_, at) => {
    if (at % 5 === 4) return `*.dkr.zone${at}.*.amazonaws.com`;
    return at % 2 === 0 ? `registry${at}.acme.io/team${at}` : `registry${at}.acme.io`;
  });
  const providers = texts.map((text, at) => provider(`provider-${at}`, text));
  const keychain = createKeychain({ providers, unmatched: "Anonymous" });
  // The same shape of host at both sizes: lengths are what a look-up may cost.
  const named = (at: number, isWildcard: boolean): string => {
    const step = isWildcard ? 5 : 10;
    const which = (at * step) % patterns;
    return isWildcard
      ? `acc${at % 9999}.dkr.zone${which + 4}.eu-${at % 7}.amazonaws.com/team/app-${at}`
      : `registry${which}.acme.io/team${which}/app-${at}`;
  };
  return {
    keychain,
    exact: Array.from({ length: references }, (_, at) => named(at, false)),
    wildcard: Array.from({ length: references }, (_, at) => named(at, true)),
  };
}

function provider(name: string, text: string): KeychainProvider {
  const parsed = parsePattern(text);
  return {
    name,
    uid: name,
    creationTime: 0,
    revision: "1",
    patterns: parsed.ok ? [parsed.value] : [],
    tokenHosts: [],
    plainHTTPHosts: [],
    allowCredentialsOverHTTP: false,
    provider: {
      credentials: () => Promise.resolve([]),
      state: () => ({ ready: true, reason: "Anonymous", message: "", warnings: [] }),
    },
  };
}

function parse(text: string): Repository {
  const parsed = parseReference(text);
  return parsed.ok ? parsed.value.repository : { host: "", port: undefined, segments: [] };
}

function perSecond<T>(items: readonly T[], work: (item: T) => unknown): number {
  let found = 0;
  const started = performance.now();
  for (const item of items) if (work(item) !== undefined) found += 1;
  const seconds = (performance.now() - started) / 1000;
  return found / seconds; // a look-up that finds nothing does not count
}

if (import.meta.main) {
  for (const row of await run())
    console.log(`${row.name.padEnd(56)} ${row.value.toLocaleString("en", { maximumFractionDigits: 2 })} ${row.unit}`);
}
