import type { CliOutput, ObjectRow, ServeOptions } from "../cli/ports.ts";
import { StandaloneView, type WatchedImage } from "../cli/standalone-view.ts";
import type { Report } from "../engine/report.ts";
import { objectKey } from "../api/object.ts";
import { systemClock } from "../kernel/clock.ts";
import { silentMetrics } from "../kernel/metrics.ts";
import { ManifestSource } from "../manifests/source.ts";
import { createJsonLogger } from "../telemetry/logger.ts";
import { ambientIdentity } from "./ambient.ts";
import { Core } from "./core.ts";
import { type Environment, fileRootOf } from "./open.ts";
import { rowsWithStatus } from "./reading.ts";

interface Surroundings extends Environment {
  readonly stdout: CliOutput;
  readonly logStream: NodeJS.WritableStream;
}

/** Longest time between a change and the picture that shows it. */
const repaintMs = 250;
/** A verdict is asked for anew this often, so that a registry that comes back shows. */
const reverifyMs = 5000;
/** For one picture's verdicts. */
const verifyMs = 15_000;

/** The operator on a directory of manifests: the tables on a terminal are its status writer (design 5). */
export async function serveFiles(
  options: ServeOptions & { readonly manifests: string },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const clock = systemClock;
  const logger = createJsonLogger({
    level: options.logLevel === "info" ? "warn" : options.logLevel,
    stream: surroundings.logStream,
    clock,
  });
  const source = new ManifestSource({ directory: options.manifests, namespace: options.namespace, clock, logger });
  let wake: () => void = () => {};
  let dirty = true;
  const changed = (): void => {
    dirty = true;
    wake();
  };
  const core = new Core({
    source,
    clock,
    logger,
    metrics: silentMetrics,
    random: Math.random,
    changed,
    rememberVerdicts: false,
    ambient: ambientIdentity(surroundings.env),
    ...fileRootOf(options),
  });
  await using _core = core;
  const stop = new AbortController();
  const running = AbortSignal.any([signal, stop.signal]);
  await core.start(running);
  const stores = core.snapshot().stores;
  await Promise.all([...stores.values()].map((entry) => core.prober.check(objectKey("Store", entry.meta), running)));
  const background = options.once ? Promise.resolve() : core.run(running);
  const view = new StandaloneView(surroundings.stdout, () => clock.now());
  const reports = new Map<string, Report>();
  const show = (): void => {
    const images = options.watchImages.map((image): WatchedImage => {
      const report = reports.get(image);
      return report === undefined ? { image } : { image, report };
    });
    view.show({ manifests: options.manifests, stores: storeRows(core, source), images, once: options.once });
  };
  try {
    for (;;) {
      dirty = false;
      await verifyAll(core, { images: options.watchImages, reports }, running);
      show();
      if (options.once || running.aborted) return;
      const nap = new AbortController();
      wake = () => nap.abort(new DOMException("Something has changed", "AbortError"));
      if (!dirty) await clock.sleep(reverifyMs, AbortSignal.any([running, nap.signal])).catch(() => {});
      if (running.aborted) return;
      await clock.sleep(repaintMs, running).catch(() => {});
    }
  } finally {
    stop.abort(new DOMException("Standalone mode has ended", "AbortError"));
    await background;
  }
}

/** The cluster's first; a Store of a namespace is asked for that namespace's images, and may be broken as well. */
function storeRows(core: Core, source: ManifestSource): readonly ObjectRow[] {
  return [...rowsWithStatus("Store", core, source), ...rowsWithStatus("NamespacedStore", core, source)];
}

async function verifyAll(
  core: Core,
  watched: { readonly images: readonly string[]; readonly reports: Map<string, Report> },
  signal: AbortSignal,
): Promise<void> {
  using deadline = systemClock.deadline(verifyMs, signal);
  await Promise.all(
    watched.images.map(async (image) => {
      watched.reports.set(image, await core.verify(image, deadline.signal));
    }),
  );
}
