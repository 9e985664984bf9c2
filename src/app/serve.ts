import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CliOutput, ServeOptions } from "../cli/ports.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemReason } from "../kernel/error.ts";
import { parseManifests } from "../manifests/parse.ts";
import { ambientIdentity } from "./ambient.ts";
import { AppError } from "./app-error.ts";
import { Endpoint, type EndpointOptions } from "../telemetry/endpoint.ts";
import { createJsonLogger } from "../telemetry/logger.ts";
import { PromMetrics } from "../telemetry/metrics.ts";
import { configSource, type Environment, fileRootOf } from "./open.ts";
import { serveFiles } from "./standalone.ts";

export interface ServeEnvironment extends Environment {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** Where log lines go: standard output in a cluster, standard error beside the tables of standalone mode. */
  readonly logStream: NodeJS.WritableStream;
}

/** A kind that has shown no sign of life for so long makes the replica unready (design 5): what it serves may be an older configuration. */
const maxSilenceMs = 10 * 60_000;

/** For requests of the kubelet and Prometheus that are under way when the operator stops. */
const drainMs = 2000;

/** Runs the operator until `signal` aborts; resolves when everything has been drained. */
export async function serve(options: ServeOptions, environment: ServeEnvironment, signal: AbortSignal): Promise<void> {
  if (options.manifests !== undefined) {
    await serveFiles({ ...options, manifests: options.manifests }, environment, signal);
    return;
  }
  const { Cluster } = await import("./cluster.ts");
  const logger = createJsonLogger({ level: options.logLevel, stream: environment.logStream, clock: systemClock });
  const metrics = new PromMetrics();
  const cluster = await Cluster.open({
    config: configSource(options, environment),
    namespace: options.namespace,
    ...fileRootOf(options),
    clock: systemClock,
    logger,
    metrics,
    random: Math.random,
    newId: randomUUID,
    version: environment.version,
    instance: environment.env["POD_NAME"] ?? environment.env["HOSTNAME"] ?? "countersign",
    ambient: ambientIdentity(environment.env),
  });
  await using _cluster = cluster;
  if (options.applyCrds !== undefined) {
    const { applyManifests } = await import("../kube/apply-manifests.ts");
    const applied = await applyManifests(
      await readObjects(options.applyCrds),
      { client: cluster.client, clock: systemClock, fieldManager: "countersign" },
      signal,
    );
    logger.info("applied", { objects: applied.map(({ kind, name }) => `${kind}/${name}`) });
  }
  const endpointOptions: EndpointOptions = {
    host: "0.0.0.0", // the kubelet comes from outside of the pod
    port: options.healthPort,
    logger,
    metrics,
    health: [],
    readiness: [
      {
        name: "configuration",
        failure: () => (cluster.core.holder.current === undefined ? "the first snapshot has not been compiled" : undefined),
      },
      ...cluster.source.health().map(({ kind }) => ({ name: `watch-${kind}`, failure: () => silenceOf(cluster.source.health(), kind) })),
    ],
  };
  const endpoint = options.healthPort === 0 ? undefined : await Endpoint.listen(endpointOptions);
  // Not ready from the first moment of the end, while what is under way is still finished (operator.md 1.9).
  signal.addEventListener("abort", () => endpoint?.stopReadiness(), { once: true });
  try {
    await cluster.core.start(signal);
    logger.info("ready", { server: cluster.client.server, namespace: options.namespace });
    await cluster.run(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    using drain = systemClock.deadline(drainMs);
    await endpoint?.close(drain.signal);
    logger.info("stopped", {});
  }
}

function silenceOf(
  health: readonly { readonly kind: string; readonly hasSynced: boolean; readonly silentMs: number }[],
  kind: string,
): string | undefined {
  const found = health.find((entry) => entry.kind === kind);
  if (found?.hasSynced !== true) return `${kind} has not been listed`;
  return found.silentMs > maxSilenceMs
    ? `the API server has been silent about ${kind} for ${Math.round(found.silentMs / 1000)} s`
    : undefined;
}

interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** The objects of a directory of manifests, in order of file names; kustomization files are not objects. @throws AppError MANIFESTS_UNREADABLE */
async function readObjects(directory: string): Promise<readonly unknown[]> {
  const texts = await readTexts(directory).catch((cause: unknown) => {
    const message = `Cannot read the CRDs in "${directory}": ${systemReason(cause)}`;
    throw new AppError("MANIFESTS_UNREADABLE", message, { remedy: "fix-configuration", cause });
  });
  const files = texts.map(({ name, text }) => parseManifests(name, text));
  const [problem] = files.flatMap(({ problems }) => problems);
  // Half of the CRDs would be worse than none: the rest of the operator would wait for kinds that never come.
  if (problem !== undefined) {
    throw new AppError("MANIFESTS_UNREADABLE", `"${problem.file}" in "${directory}": ${problem.message}`, { remedy: "fix-configuration" });
  }
  return files.flatMap(({ objects }) => objects.map(({ object }) => object));
}

async function readTexts(directory: string): Promise<readonly NamedText[]> {
  const names = (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith("kustomization")).toSorted();
  return await Promise.all(names.map(async (name) => ({ name, text: await readFile(join(directory, name), "utf8") })));
}
