/** The composition on a directory of manifests: the engine, the stores and the transport of `countersign serve` without a control plane. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { objectKey } from "../../src/api/object.ts";
import { Core } from "../../src/app/core.ts";
import { rowsWithStatus } from "../../src/app/reading.ts";
import type { Report, StoreReport } from "../../src/engine/report.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { ManifestSource } from "../../src/manifests/source.ts";
import { createJsonLogger } from "../../src/telemetry/logger.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { namespace } from "./fixture.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface FilesOptions {
  readonly transport?: Transport;
  /** Default false. */
  readonly rememberVerdicts?: boolean;
}
export interface Files extends AsyncDisposable {
  readonly core: Core;
  readonly directory: string;
  /** One verification, done anew. */
  verify(image: string, timeoutMs?: number): Promise<Report>;
  /** Probes every host of every Store once. */
  probe(): Promise<void>;
  /** `status` as the operator would write it now. */
  status(kind: "Store" | "AuthProvider", name: string): StatusDocument;
  /** Everything that was logged so far, at level debug. */
  log(): string;
}
/** What these tests read of a status. */
export interface StatusDocument {
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  readonly endpoints?: readonly { readonly host?: string; readonly state: string; readonly reason: string }[];
  readonly lastError?: { readonly class: string; readonly message: string };
}

/** Starts it on these objects; nothing is probed. */
export async function fromFiles(objects: readonly object[], options: FilesOptions = {}): Promise<Files> {
  const directory = await writeManifests(objects);
  const stream = new PassThrough();
  const lines: string[] = [];
  stream.on("data", (chunk) => lines.push(String(chunk)));
  const logger = createJsonLogger({ level: "debug", stream, clock: systemClock });
  const source = new ManifestSource({ directory, namespace, clock: systemClock, logger });
  const core = new Core({
    source,
    clock: systemClock,
    logger,
    metrics: silentMetrics,
    random: Math.random,
    rememberVerdicts: false,
    ...options,
  });
  const stop = new AbortController();
  await core.start(stop.signal);
  return {
    core,
    directory,
    verify: (image, timeoutMs = 20_000) => core.verify(image, AbortSignal.timeout(timeoutMs)),
    probe: async () => {
      const keys = [...core.snapshot().stores.values()].map(({ meta }) => objectKey("Store", meta));
      await Promise.all(keys.map((key) => core.prober.check(key, AbortSignal.timeout(20_000))));
    },
    status: (kind, name) => {
      const row = rowsWithStatus(kind, core, source).find((entry) => entry.name === name);
      if (row === undefined) throw new TypeError(`There is no ${kind} "${name}"`);
      return (row.object as { readonly status: StatusDocument }).status;
    },
    log: () => lines.join(""),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new DOMException("The test has ended", "AbortError"));
      await core[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A directory of their own for these objects, a file each. */
export async function writeManifests(objects: readonly object[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-manifests-"));
  await Promise.all(objects.map((object, at) => writeFile(join(directory, `${at}.json`), JSON.stringify(object))));
  return directory;
}

/** `countersign …` in a process of its own. */
export async function countersign(
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? -1));
  return { code: await promise, ...output };
}

/** One Store's part of a report. */
export function storeOf(report: Report, name: string): StoreReport {
  const found = report.stores.find((entry) => entry.name === name);
  if (found === undefined) throw new TypeError(`No Store "${name}" in ${JSON.stringify(report)}`);
  return found;
}
/** Classes of its failures, each once. */
export function classesOf(report: Report, name: string): readonly string[] {
  return [...new Set(storeOf(report, name).failures.map((failure) => failure.class))];
}
