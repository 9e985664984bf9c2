import { runCli } from "../../src/cli/run.ts";
import type {
  CheckEntry,
  CliDeps,
  Composition,
  CompositionOptions,
  ImageRequest,
  ObjectRow,
  ReplayedReport,
  ServeOptions,
} from "../../src/cli/ports.ts";
import type { Discovery } from "../../src/engine/discovery.ts";
import type { Report } from "../../src/engine/report.ts";
import type { ImageResolution } from "../../src/engine/resolve-image.ts";
import { CodedError } from "../../src/kernel/error.ts";
import type { Explanation } from "../../src/snapshot/explanation.ts";
import { ManualClock } from "../support/clock.ts";
import type { Outcome } from "../support/txtar.ts";
import { discoveries } from "./discoveries.ts";
import { accepted, explain, now, reports, stores } from "./fixtures.ts";
import { resolutions } from "./resolutions.ts";

/** What the fake composition answers; each member stands in for the fixtures'. */
export interface Answers {
  readonly verify?: (image: string, signal: AbortSignal) => Promise<Report>;
  readonly resolve?: (image: string, signal: AbortSignal) => Promise<ImageResolution>;
  readonly discover?: (image: string, signal: AbortSignal) => Promise<Discovery>;
  readonly explain?: (image: string) => Explanation;
  readonly check?: readonly CheckEntry[];
  readonly rows?: readonly ObjectRow[];
  readonly open?: () => Promise<void>;
  readonly encode?: () => Uint8Array;
  readonly replay?: (path: string) => Promise<ReplayedReport>;
  readonly createFile?: () => Promise<void>;
}
export interface SessionOptions {
  readonly answers?: Answers;
  readonly stdin?: string;
  /** What files hold, by path. */
  readonly readable?: ReadonlyMap<string, string>;
  readonly terminal?: boolean;
  readonly colour?: boolean;
  readonly unicode?: boolean;
  readonly clock?: ManualClock;
  readonly signal?: AbortSignal;
}
/** What the outside saw beside the output. */
export interface Session extends Outcome {
  readonly opened: readonly CompositionOptions[];
  readonly served: readonly ServeOptions[];
  /** What was to be judged, in the order in which it was asked for. */
  readonly requests: readonly ImageRequest[];
  readonly closed: number;
  /** What was committed, by path; and how many files were begun and ended. */
  readonly files: ReadonlyMap<string, string>;
  readonly closedFiles: number;
  /** Goes on counting after the command has ended. */
  readonly composition: { readonly closed: number };
}

/** Could not find out, as a store's code would say it. */
export class FakeError extends CodedError<"FAKE_UNREADABLE"> {}

/** Runs one command line against the fixtures, or what `answers` puts in their place. */
export async function run(argv: readonly string[], options: SessionOptions = {}): Promise<Session> {
  const { answers = {}, clock = new ManualClock(now), terminal = false } = options;
  const seen = {
    stdout: "",
    stderr: "",
    closed: 0,
    closedFiles: 0,
    files: new Map<string, string>(),
    opened: [] as CompositionOptions[],
    served: [] as ServeOptions[],
    requests: [] as ImageRequest[],
  };
  const output = (name: "stdout" | "stderr"): CliDeps["stdout"] => ({
    write: (text) => {
      seen[name] += text;
    },
    isTerminal: terminal,
    columns: 100,
    ...(options.colour !== undefined && { colour: options.colour }),
    ...(options.unicode !== undefined && { unicode: options.unicode }),
  });
  const composition: Composition = {
    verify: async (request, signal) => {
      seen.requests.push(request);
      return (await answers.verify?.(request.image, signal)) ?? reports.get(request.image) ?? fail(request.image);
    },
    record: async (request, signal) => ({
      report: await composition.verify(request, signal),
      encode: answers.encode ?? ((given) => Buffer.from(JSON.stringify(given))),
    }),
    resolve: answers.resolve ?? (async (image) => resolutions.get(image) ?? fail(image)),
    discover: answers.discover ?? (async (image) => discoveries.get(image) ?? fail(image)),
    explain: answers.explain ?? explain,
    check: () => answers.check ?? accepted,
    rows: async (kind) => (answers.rows ?? stores).filter((row) => row.kind === kind),
    [Symbol.asyncDispose]: async () => {
      seen.closed += 1;
    },
  };
  const deps: CliDeps = {
    open: async (given) => {
      seen.opened.push(given);
      await answers.open?.();
      return composition;
    },
    serve: async (given) => {
      seen.served.push(given);
    },
    createFile: async (path) => {
      await answers.createFile?.();
      return {
        commit: async (bytes) => void seen.files.set(path, Buffer.from(bytes).toString()),
        [Symbol.asyncDispose]: async () => {
          seen.closedFiles += 1;
        },
      };
    },
    replay: answers.replay ?? (async (path) => fail(path)),
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: async () => options.stdin ?? "",
    readFile: async (path) => options.readable?.get(path) ?? fail(path),
    now: () => clock.now(),
    deadline: (ms, parent) => clock.deadline(ms, parent),
    version: "0.1.0",
  };
  const exit = await runCli(argv, deps, options.signal ?? new AbortController().signal);
  return { ...seen, exit, composition: seen };
}

function fail(image: string): never {
  throw new FakeError("FAKE_UNREADABLE", `There is no fixture for "${image}"`, { remedy: "retry" });
}
