import type { ResourceKind } from "../api/object.ts";
import type { Discovery } from "../engine/discovery.ts";
import type { Report } from "../engine/report.ts";
import type { ImageResolution } from "../engine/resolve-image.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Explanation } from "../snapshot/explanation.ts";

/** Which resources a command judges by: a directory of manifests, or the cluster of a kubeconfig. Wired by app/. */
export interface CompositionOptions {
  /** Absent: the kubeconfig's cluster. */
  readonly manifests?: string;
  /** Absent: `KUBECONFIG`, `~/.kube/config` or in-cluster, as kubectl finds it. */
  readonly kubeconfig?: string;
  /** Where Secrets, ConfigMaps and ServiceAccounts are read. Default `countersign-system`. */
  readonly namespace: string;
  /** Files named by objects must lie below it. Absent: objects that name files answer that they may not. */
  readonly fileRoot?: string;
}

/** One row of `check`: exactly the shape of `-o json`. */
export interface CheckEntry {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly accepted: boolean;
  readonly reason: string;
  readonly path?: string;
  readonly message?: string;
}

/** An object as `get` prints it: raw, with the status that the operator would write (files) or has written (cluster). */
export interface ObjectRow {
  readonly kind: ResourceKind;
  /** Of an object of a namespaced kind. */
  readonly namespace?: string;
  readonly name: string;
  readonly creationTime: number;
  /** Whole object as JSON, Secrets never among them. */
  readonly object: unknown;
}

/** A verification, and everything that it was made of (docs/reference/recording.md). */
export interface RecordedReport {
  readonly report: Report;
  /** The bytes of the recording, with the report as it was printed. @throws TapeError TAPE_TOO_LARGE */
  encode(printed: { readonly report: object; readonly recordedBy: string }): Uint8Array;
}
/** A file that is there whole, or not at all. */
export interface NewFile extends AsyncDisposable {
  commit(bytes: Uint8Array): Promise<void>;
}
/** What a recording comes to today. */
export interface ReplayedReport {
  readonly report: Report;
  /** Of the image, as far as the report needs it. */
  readonly explanation: Explanation;
  /** The report as it was printed then. */
  readonly printed: unknown;
  readonly recordedBy: string;
  /** Epoch ms. */
  readonly startTime: number;
  readonly keys: readonly { readonly provider: string; readonly name: string; readonly algorithm: string; readonly fingerprint: string }[];
  /** What Verifiers and expressions came to, where that is not what was recorded. */
  readonly differences: readonly string[];
}

/** An image that is to be judged. */
export interface ImageRequest {
  /** A reference, or `oci:DIR[@digest]`: a directory, and no registry is asked. */
  readonly image: string;
  /** As if a pod of this namespace ran it. */
  readonly inNamespace?: string;
  /** Of a directory: the reference whose scopes count. Absent: every policy applies. */
  readonly as?: string;
  /** Epoch ms: which exceptions hold is looked at as of then, and nothing is remembered. Absent: as of now. */
  readonly at?: number;
}

/** The same engine and the same objects for every command. */
export interface Composition extends AsyncDisposable {
  verify(request: ImageRequest, signal: AbortSignal): Promise<Report>;
  /** As `verify`, anew. */
  record(request: ImageRequest, signal: AbortSignal): Promise<RecordedReport>;
  resolve(image: string, signal: AbortSignal): Promise<ImageResolution>;
  discover(image: string, signal: AbortSignal): Promise<Discovery>;
  explain(image: string, namespace?: string): Explanation;
  check(): readonly CheckEntry[];
  /** With files: every endpoint is probed once first. */
  rows(kind: ResourceKind, signal: AbortSignal): Promise<readonly ObjectRow[]>;
}

/** Everything a command touches of the outside. */
export interface CliDeps {
  readonly open: (options: CompositionOptions, signal: AbortSignal) => Promise<Composition>;
  /** Long-running: resolves when `signal` aborts and everything has been drained. */
  readonly serve: (options: ServeOptions, signal: AbortSignal) => Promise<void>;
  /** For a recording; fails at once where it could not be written. @throws TapeError TAPE_UNWRITABLE */
  readonly createFile: (path: string) => Promise<NewFile>;
  /** Verifies again what a file holds, and contacts nobody. @throws TapeError */
  readonly replay: (path: string, signal: AbortSignal) => Promise<ReplayedReport>;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** Reads standard input to its end; ≤ 4 MiB. */
  readonly stdin: (signal: AbortSignal) => Promise<string>;
  /** Reads a regular file to its end; ≤ 4 MiB. */
  readonly readFile: (path: string, signal: AbortSignal) => Promise<string>;
  readonly now: () => number;
  /** `systemClock.deadline`: behind `--timeout`. */
  readonly deadline: Clock["deadline"];
  readonly version: string;
}
export interface CliOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Terminal width in columns; 80 where unknown. */
  readonly columns: number;
  /** Absent: exactly on a terminal. False where the environment has a non-empty `NO_COLOR` (no-color.org). */
  readonly colour?: boolean;
  /** Whether the locale can show more than ASCII. Absent: it can. */
  readonly unicode?: boolean;
}

export interface ServeOptions extends CompositionOptions {
  /** Port of /healthz, /readyz and /metrics; 0: none. Default 8080. */
  readonly healthPort: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Images whose verdicts are printed again whenever something changes (standalone only). */
  readonly watchImages: readonly string[];
  /** Standalone: print the first full picture and end. */
  readonly once: boolean;
  /** Cluster: apply this directory of CRDs before starting. */
  readonly applyCrds?: string;
}
