/**
 * Child process of the benchmark of cloud credentials, bundled as the operator is: a replica with AuthProviders of some clouds. Reads its setting from
 * standard input; prints as JSON when it was ready, how long the first credential of each took, and its resident memory before and after.
 */
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Core } from "../../../src/app/core.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { silentMetrics } from "../../../src/kernel/metrics.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { mapLimited } from "../../../src/kernel/limit.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { Transport } from "../../../src/transport/transport.ts";

export interface CloudSetting {
  readonly caPem: string;
  readonly ports: { readonly secure: number; readonly plain: number };
  /** `spec` by name of an AuthProvider. */
  readonly providers: Readonly<Record<string, object>>;
  /** One for each provider, then any number that are asked for together. */
  readonly first: readonly string[];
  readonly many: readonly string[];
  /** What the API server would give. */
  readonly token: Readonly<Record<string, string>>;
}
export interface CloudFigures {
  /** From the start of the process, in ms. */
  readonly readyMs: number;
  readonly idleMiB: number;
  readonly firstMs: readonly number[];
  readonly usedMiB: number;
  readonly manyMs: number;
}

const setting = JSON.parse(await text(process.stdin)) as CloudSetting;
const object = (kind: string, name: string, spec: object): readonly [string, object] => [
  name,
  {
    apiVersion: "countersign.dev/v1alpha1",
    kind,
    metadata: { name, uid: name, generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
  },
];
const accounts = ["puller", "reader"].map(
  (name) => [name, { kind: "ServiceAccount", metadata: { name, uid: name, resourceVersion: "1" } }] as const,
);
const objects = new Map<string, ReadonlyMap<string, unknown>>([
  ["Store", new Map([object("Store", "all", { scopes: ["*"], type: "registry" })])],
  ["AuthProvider", new Map(Object.entries(setting.providers).map(([name, spec]) => object("AuthProvider", name, spec)))],
  ["ServiceAccount", new Map(accounts)],
]);
const transport = new Transport({
  clock: systemClock,
  random: Math.random,
  network: {
    caPem: setting.caPem,
    lookup: async () => [{ address: "203.0.113.7", family: 4 }],
    dial: (_addresses, port) => connect({ host: "127.0.0.1", port: port === 443 ? setting.ports.secure : setting.ports.plain }),
  },
});
const core = new Core({
  source: { start: () => Promise.resolve(), objects: (kind) => objects.get(kind) ?? new Map() },
  clock: systemClock,
  logger: silentLogger,
  metrics: silentMetrics,
  random: Math.random,
  transport,
  tokens: {
    namespace: "countersign",
    mint: async ({ audience }) => ({ token: new Secret(setting.token[audience] ?? ""), expiresAt: systemClock.now() + 600_000 }),
  },
});
const { signal } = new AbortController();
await core.start(signal);
const readyMs = performance.now(); // counts from the start of the process
await systemClock.sleep(500, signal);
const idleMiB = await residentMiB();
const firstMs: number[] = [];
for (const image of setting.first) {
  const start = performance.now();
  await resolve(image);
  firstMs.push(performance.now() - start);
}
const start = performance.now();
await mapLimited(setting.many, resolve, { concurrency: 32, signal });
const manyMs = performance.now() - start;
await systemClock.sleep(500, signal);
process.stdout.write(JSON.stringify({ readyMs, idleMiB, firstMs, manyMs, usedMiB: await residentMiB() } satisfies CloudFigures));
await core[Symbol.asyncDispose]();

async function resolve(image: string): Promise<void> {
  const reference = parseReference(image);
  if (!reference.ok) throw new TypeError(reference.message);
  const resolved = await core.snapshot().stores.get("all")?.keychain.resolve(reference.value.repository, signal);
  if (resolved?.credentials.length !== 1) throw new TypeError(`no credential for ${image}`);
}

async function residentMiB(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;
}
