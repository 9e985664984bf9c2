import { run } from "node:test";
import { inspect } from "node:util";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export interface RunOptions {
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
  /** What the files themselves write to standard error. */
  readonly onStderr?: (text: string) => void;
}
interface Counts {
  /** The end of what the file wrote to standard error: of one that does not load, the only thing that says why. */
  stderr: string;
  passed: number;
  failed: number;
  skipped: number;
}
/** What node:test says of a failure; `failureType` tells one of its own from one of a test inside. */
interface TestFailure {
  readonly cause?: unknown;
  readonly failureType?: string;
}
interface TestEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** In characters. */
const keptStderr = 4096;

/**
 * node:test in a process for each file; tests are counted, suites are not. Every file answers for itself: one that ends badly without a failed test (it does
 * not load, a suite or a hook breaks, the process dies) counts as a failure, and so does one in which no test was found.
 */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<Tally> {
  const counts = new Map<string, Counts>(files.map((file) => [file, { passed: 0, failed: 0, skipped: 0, stderr: "" }]));
  if (files.length > 0) {
    const { concurrency, timeoutMs } = options;
    const stream = run({ files: [...files], concurrency, timeout: timeoutMs, isolation: "process" });
    for await (const event of stream as AsyncIterable<TestEvent>) count(event, counts, options);
  }
  for (const [file, own] of counts) {
    if (own.passed + own.failed + own.skipped > 0) continue;
    own.failed = 1;
    options.log(`FAILED: ${file}: no test was found in it`);
  }
  const sum = (name: keyof Tally): number => [...counts.values()].reduce((total, of) => total + of[name], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

function count({ type, data }: TestEvent, counts: ReadonlyMap<string, Counts>, options: RunOptions): void {
  if (type === "test:stderr") {
    options.onStderr?.(text(data["message"]));
    const writer = counts.get(text(data["file"]));
    if (writer !== undefined) writer.stderr = (writer.stderr + text(data["message"])).slice(-keptStderr);
  }
  if (type !== "test:pass" && type !== "test:fail") return;
  const name = text(data["name"]);
  const details = (data["details"] ?? {}) as { readonly type?: string; readonly error?: TestFailure };
  // The outermost entry is the file, by its path.
  const ofFile = data["nesting"] === 0 ? counts.get(name) : undefined;
  const own = ofFile ?? counts.get(text(data["file"]));
  if (own === undefined) {
    // Whose it is cannot be told: better one failure too many.
    const [first] = counts.values();
    if (type === "test:fail" && first !== undefined) fail(first, name, details.error, options);
    return;
  }
  if (ofFile !== undefined) {
    if (type !== "test:fail" || own.failed > 0) return;
    fail(own, name, details.error, options);
    if (own.stderr !== "") options.log(own.stderr.trimEnd().replaceAll(/^/gm, "    "));
    return;
  }
  if (details.type === "suite") {
    // A suite that fails because of its tests has been counted with them; one that breaks itself has none to be counted with.
    if (type === "test:fail" && details.error?.failureType !== "subtestsFailed")
      fail(own, `${text(data["file"])} ${name}`, details.error, options);
    return;
  }
  if (type === "test:fail") {
    fail(own, `${text(data["file"])} ${name}`, details.error, options);
  } else if (data["skip"] !== undefined && data["skip"] !== false) {
    own.skipped += 1;
    options.log(`skipped: ${name} (${text(data["skip"])})`);
  } else own.passed += 1;
}

function fail(counts: Counts, name: string, error: TestFailure | undefined, { log }: RunOptions): void {
  counts.failed += 1;
  const cause = error?.cause ?? error;
  const lines = (cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)).split("\n").slice(0, 40);
  log(`FAILED: ${name}\n${lines.map((line) => `    ${line}`).join("\n")}`);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
