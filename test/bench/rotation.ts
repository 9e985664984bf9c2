/** A Secret that changes on a real API server: time from its answer to the first look-up that gives the new credential (design 9: p99 < 2 s). */
import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { applyManifests } from "../../src/kube/apply-manifests.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import { parseRepository } from "../../src/oci/repository.ts";
import { authProvider, dockerSecret, installed, namespace, startOperator, store, tools } from "../e2e/fixture.ts";
import type { Row } from "./keychain.ts";

const rotations = 40;
const host = "registry.example.com";

export async function run(): Promise<readonly Row[]> {
  if (tools === undefined) return [];
  const signal = AbortSignal.timeout(120_000);
  await using plane = await installed();
  const client = await createKubeClient({
    config: { kubeconfigPath: plane.adminKubeconfig },
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    userAgent: "bench",
    random: Math.random,
  });
  const options = { client, clock: systemClock, fieldManager: "bench", namespace };
  const secret = (password: string): object => dockerSecret("reader", { [host]: { username: "reader", password } });
  await applyManifests(
    [
      secret("0"),
      authProvider("reader", { registries: [host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
      store("production", { scopes: [host], suspend: true, authProviderRefs: [{ name: "reader" }] }),
    ],
    options,
    signal,
  );
  await using operator = await startOperator(plane);
  const repository = parseRepository(`${host}/app`);
  if (!repository.ok) throw new TypeError(repository.message);
  const served = async (): Promise<string | undefined> => {
    const keychain = operator.cluster.core.snapshot().stores.get("production")?.keychain;
    const resolved = await keychain?.resolve(repository.value, signal).catch(() => undefined);
    return resolved?.credentials[0]?.secret.reveal();
  };
  const times: number[] = [];
  for (let at = 1; at <= rotations; at += 1) {
    await applyManifests([secret(String(at))], options, signal);
    const start = performance.now();
    while ((await served()) !== String(at)) {
      signal.throwIfAborted();
      await turn();
    }
    times.push(performance.now() - start);
  }
  client.close();
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [
    { name: "changed Secret, answer of the API server to new credential served: p50", value: quantile(0.5), unit: "ms" },
    { name: `changed Secret: slowest of ${rotations}`, value: quantile(1), unit: "ms", budget: 2000 },
  ];
}
