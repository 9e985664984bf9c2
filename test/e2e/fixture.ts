/** The operator on a real control plane, under its own ServiceAccount, and what its tests need around it. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { baseKind, isResourceKind, objectId, type ObjectMeta, type ResourceKind } from "../../src/api/object.ts";
import { Cluster } from "../../src/app/cluster.ts";
import { raceSignal, systemClock } from "../../src/kernel/clock.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { createJsonLogger } from "../../src/telemetry/logger.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { type ControlPlane, startControlPlane } from "../support/real/control-plane.ts";
import { findTools, type Tools } from "../tools/build.ts";
import { PassThrough } from "node:stream";

export const namespace = "countersign-system";
const root = fileURLToPath(new URL("../..", import.meta.url));

export const tools: Tools | undefined = await findTools();
export const options = { skip: tools === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 300_000 };

/** A control plane with config/default applied. */
export async function installed(
  flags: { readonly flags?: readonly string[]; readonly etcdFlags?: readonly string[] } = {},
): Promise<ControlPlane> {
  if (tools === undefined) throw new TypeError("installed() without tools");
  const plane = await startControlPlane({ tools, ...flags });
  await plane.kubectlOk(["apply", "--server-side", "-k", `${root}config/default`]);
  await plane.kubectlOk(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  return plane;
}

export interface Operator extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Everything that it has logged so far. */
  log(): string;
}

export interface OperatorOptions {
  /** Default: the operator's own ServiceAccount. */
  readonly kubeconfig?: string;
  /** Default 60 s. */
  readonly readyWithinMs?: number;
  /** Default false. */
  readonly rememberVerdicts?: boolean;
  /** To registries; default: the network of this machine. */
  readonly transport?: Transport;
}

/** The operator did not become ready in its time; the message is what it logged. */
export class NotReadyError extends Error {
  override readonly name = "NotReadyError";
}

/** The composition of `countersign serve`, in this process, so that a test can ask its engine; resolves when it is ready. */
export async function startOperator(plane: ControlPlane, more: OperatorOptions = {}): Promise<Operator> {
  const kubeconfig = more.kubeconfig ?? (await plane.kubeconfigForServiceAccount(namespace, "countersign-operator"));
  const stream = new PassThrough();
  const lines: string[] = [];
  stream.on("data", (chunk) => lines.push(String(chunk)));
  const cluster = await Cluster.open({
    config: { kubeconfigPath: kubeconfig },
    namespace,
    clock: systemClock,
    logger: createJsonLogger({ level: "debug", stream, clock: systemClock }),
    metrics: silentMetrics,
    random: Math.random,
    newId: randomUUID,
    version: "0.1.0",
    rememberVerdicts: more.rememberVerdicts ?? false,
    ...(more.transport !== undefined && { transport: more.transport }),
  });
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const operator: Operator = {
    cluster,
    log: () => lines.join(""),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new DOMException("The test has ended", "AbortError"));
      await running;
      await cluster.source.stopped();
      await cluster[Symbol.asyncDispose]();
    },
  };
  try {
    // The signal of start() is that of the watches too: a bound on the start alone must not end them.
    await raceSignal(cluster.core.start(stop.signal), AbortSignal.timeout(more.readyWithinMs ?? 60_000));
  } catch (error) {
    await operator[Symbol.asyncDispose]();
    throw new NotReadyError(operator.log(), { cause: error });
  }
  running = cluster.run(stop.signal);
  return operator;
}

/** Waits for something that another process does; bounded, and says what it waited for. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new TypeError(`Waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(25);
  }
}

/** Applies objects as an administrator would. */
export async function apply(plane: ControlPlane, ...objects: readonly object[]): Promise<void> {
  await plane.kubectlOk(
    ["apply", "--server-side", "--force-conflicts", "-f", "-"],
    objects.map((object) => JSON.stringify(object)).join("\n---\n"),
  );
}

const apiVersion = "countersign.dev/v1alpha1";
export function store(name: string, spec: object): object {
  return { apiVersion, kind: "Store", metadata: { name }, spec: { type: "registry", ...spec } };
}
export function authProvider(name: string, spec: object): object {
  return { apiVersion, kind: "AuthProvider", metadata: { name }, spec };
}
/** A Verifier and the KeyProvider that it names. */
export function trust(name: string, publicKey: string): readonly object[] {
  return [
    { apiVersion, kind: "KeyProvider", metadata: { name }, spec: { type: "inline", inline: { keys: [{ name: "key", publicKey }] } } },
    { apiVersion, kind: "Verifier", metadata: { name }, spec: { type: "cosign", cosign: { keyProviderRefs: [{ name }] } } },
  ];
}
export function dockerSecret(
  name: string,
  auths: Readonly<Record<string, { readonly username: string; readonly password: string }>>,
): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
  };
}
export function caConfigMap(name: string, pem: string): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { "ca.crt": pem } };
}

interface Applied {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly generation?: number };
}
/** As {@link apply}; then waits until the operator serves each object of ours as the API server has it now. */
export async function applied(plane: ControlPlane, operator: Operator, ...objects: readonly object[]): Promise<void> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const answer = JSON.parse(await plane.kubectlOk(["apply", "--server-side", "--force-conflicts", "-o", "json", "-f", "-"], input)) as
    | Applied
    | { readonly items: readonly Applied[] };
  for (const { kind, metadata } of "items" in answer ? answer.items : [answer]) {
    if (!isResourceKind(kind)) continue;
    const { uid, generation, name } = metadata;
    await eventually(`${kind} ${objectId(metadata)} is served in generation ${generation}`, () => {
      const { current } = operator.cluster.core.holder;
      const meta = current === undefined ? undefined : entriesOf(current, kind).get(objectId(metadata))?.meta;
      return meta?.name === name && meta.uid === uid && meta.generation === generation ? true : undefined;
    });
  }
}

/** Waits until the operator serves what was applied: the presence of every named object (`Store/app`, `NamespacedPolicy/team-a/own`). */
export async function served(
  operator: Operator,
  expected: { readonly present?: readonly string[]; readonly absent?: readonly string[] },
): Promise<void> {
  await eventually(`the snapshot holds ${expected.present?.join(", ") ?? "nothing of it"}`, () => {
    const snapshot = operator.cluster.core.holder.current;
    if (snapshot === undefined) return undefined;
    const has = (key: string): boolean => {
      const slash = key.indexOf("/");
      return entriesOf(snapshot, key.slice(0, slash) as ResourceKind).has(key.slice(slash + 1));
    };
    return (expected.present ?? []).every(has) && !(expected.absent ?? []).some(has) ? true : undefined;
  });
}

/** Of both scopes: a kind and its twin share a map. */
function entriesOf(
  { stores, authProviders, verifiers, keyProviders, policies }: Snapshot,
  kind: ResourceKind,
): ReadonlyMap<string, { readonly meta: ObjectMeta }> {
  const maps = { Store: stores, AuthProvider: authProviders, Verifier: verifiers, KeyProvider: keyProviders, Policy: policies };
  return maps[baseKind(kind)];
}
