import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { apiVersion } from "../api/kinds.ts";
import type { CompositionOptions, Composition } from "../cli/ports.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { silentLogger } from "../kernel/logger.ts";
import { silentMetrics } from "../kernel/metrics.ts";
import type { KubeConfigSource } from "../kube/connection.ts";
import { ManifestSource } from "../manifests/source.ts";
import { ambientIdentity } from "./ambient.ts";
import type { Cluster, Obstacle } from "./cluster.ts";
import { AppError } from "./app-error.ts";
import { ClusterReading, FileReading } from "./reading.ts";
import { Core } from "./core.ts";

export interface Environment {
  /** Of this program: shows in the API server's audit log. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** How long a command waits for a cluster's objects. */
const openTimeoutMs = 20_000;
const refusalPollMs = 100;

/** Reads the resources of a directory or of a cluster once, for one command; the same engine judges by them. */
export async function open(options: CompositionOptions, environment: Environment, signal: AbortSignal): Promise<Composition> {
  const { clock = systemClock } = environment;
  const common = { clock, logger: silentLogger, metrics: silentMetrics, random: Math.random, ambient: ambientIdentity(environment.env) };
  if (options.manifests !== undefined) {
    const source = new ManifestSource({ directory: resolve(options.manifests), namespace: options.namespace, ...common });
    const core = new Core({ ...common, source, ...fileRootOf(options) });
    const lifetime = new AbortController();
    await core.start(AbortSignal.any([signal, lifetime.signal]));
    return new FileReading({ core, source, lifetime });
  }
  // Loads the Kubernetes client: a command on files never does.
  const { Cluster } = await import("./cluster.ts");
  const cluster = await Cluster.open({
    ...common,
    ...fileRootOf(options),
    config: configSource(options, environment),
    namespace: options.namespace,
    newId: () => "",
    version: environment.version,
  });
  return await reading(cluster, clock, signal);
}

/** Once everything has been listed. */
async function reading(cluster: Cluster, clock: Clock, signal: AbortSignal): Promise<ClusterReading> {
  const lifetime = new AbortController();
  using deadline = clock.deadline(openTimeoutMs, signal);
  try {
    const starting = cluster.core.start(AbortSignal.any([deadline.signal, lifetime.signal]));
    const started = new AbortController();
    const waiting = Promise.race([starting, denied(cluster, clock, AbortSignal.any([deadline.signal, started.signal]))]);
    await waiting.finally(() => started.abort());
  } catch (error) {
    const { obstacle } = cluster;
    lifetime.abort();
    await cluster[Symbol.asyncDispose]();
    if (signal.aborted) throw error;
    if (obstacle !== undefined && obstacle.kind !== "other") throw denial(cluster, obstacle);
    if (!deadline.signal.aborted) throw error;
    const silent = cluster.source.health().filter((kind) => !kind.hasSynced);
    const message = `${cluster.client.server} did not list ${silent.map(({ kind }) => kind).join(", ")} within ${openTimeoutMs / 1000} s`;
    throw new AppError("CLUSTER_UNREACHABLE", message, { remedy: "fix-configuration", cause: obstacle?.error ?? error });
  }
  return new ClusterReading({ core: cluster.core, source: cluster.source, lifetime, dispose: () => cluster[Symbol.asyncDispose]() });
}

/** Rejects once the API server has said no to a list: the operator waits for better rights, and for CRDs; a command says so at once. */
async function denied(cluster: Cluster, clock: Clock, signal: AbortSignal): Promise<never> {
  for (;;) {
    const { obstacle } = cluster;
    if (obstacle !== undefined && obstacle.kind !== "other") throw obstacle.error;
    await clock.sleep(refusalPollMs, signal);
  }
}

function denial({ client }: Cluster, { kind, error }: Obstacle): AppError {
  const options = { remedy: "fix-configuration", cause: error } as const;
  return kind === "unknown"
    ? new AppError("CRD_NOT_INSTALLED", `${client.server} does not serve the kinds of ${apiVersion}`, options)
    : new AppError("CLUSTER_REFUSED", `${client.server} does not let this user read what images are judged by`, options);
}

export function fileRootOf(options: CompositionOptions): { readonly fileRoot?: string } {
  return options.fileRoot === undefined ? {} : { fileRoot: resolve(options.fileRoot) };
}

/** As kubectl finds it: `--kubeconfig`, `KUBECONFIG`, the pod's own identity, `~/.kube/config`. */
export function configSource(options: CompositionOptions, { env }: Environment): KubeConfigSource {
  const named = options.kubeconfig ?? (env["KUBECONFIG"] === "" ? undefined : env["KUBECONFIG"]);
  if (named !== undefined) return { kubeconfigPath: resolve(named) };
  if (env["KUBERNETES_SERVICE_HOST"] !== undefined) return { inCluster: true };
  const home = join(env["HOME"] ?? homedir(), ".kube", "config");
  if (existsSync(home)) return { kubeconfigPath: home };
  throw new AppError("CLUSTER_UNREACHABLE", "There is no kubeconfig: give --manifests DIR, --kubeconfig FILE, or set KUBECONFIG", {
    remedy: "fix-configuration",
  });
}
