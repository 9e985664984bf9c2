/** Child process of the serving benchmark: one replica's engine. Reads what the registry printed from standard input, prints its figures as JSON. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import { Core } from "../../../src/app/core.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { mapLimited } from "../../../src/kernel/limit.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { silentMetrics } from "../../../src/kernel/metrics.ts";

const concurrency = 32;
const cachedRounds = 20;

interface Setting {
  readonly host: string;
  readonly publicKey: string;
  readonly images: readonly string[];
}

const { host, publicKey, images } = JSON.parse(await text(process.stdin)) as Setting;
const objects = manifests();
const core = new Core({
  source: { start: () => Promise.resolve(), objects: (of) => objects.get(of) ?? new Map() },
  clock: systemClock,
  logger: silentLogger,
  metrics: silentMetrics,
  random: Math.random,
});
const { signal } = new AbortController();
await core.start(signal);
const idle = process.memoryUsage.rss();
let peak = idle;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 50);
/** What it records is the time between two turns, of which so many ms are its own waiting. */
const resolutionMs = 5;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();
const started = performance.now();
const outcomes = await mapLimited(images, async (image) => (await core.verify(`${host}/${image}`, signal)).verdict.outcome, {
  concurrency,
  signal,
});
const coldSeconds = (performance.now() - started) / 1000;
delay.disable();
if (outcomes.some((outcome) => outcome !== "allow")) throw new TypeError(`not every image was allowed: ${[...new Set(outcomes)].join()}`);
const sample = images.slice(0, Math.min(images.length, 1000));
const warm = performance.now();
for (let round = 0; round < cachedRounds; round += 1) for (const image of sample) await core.verify(`${host}/${image}`, signal);
const cachedSeconds = (performance.now() - warm) / 1000;
clearInterval(watch);
process.stdout.write(
  JSON.stringify({
    coldPerSecond: images.length / coldSeconds,
    cachedPerSecond: (sample.length * cachedRounds) / cachedSeconds,
    longestBlockMs: delay.max / 1e6 - resolutionMs,
    idleMiB: idle / 2 ** 20,
    peakMiB: Math.max(peak, process.memoryUsage.rss()) / 2 ** 20,
  }),
);
await core[Symbol.asyncDispose]();

function manifests(): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  const object = (kind: string, name: string, spec: object): readonly [string, ReadonlyMap<string, unknown>] => [
    kind,
    new Map([
      [
        name,
        {
          apiVersion: "countersign.dev/v1alpha1",
          kind,
          metadata: { name, uid: name, generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
          spec,
        },
      ],
    ]),
  ];
  return new Map([
    object("Store", "registry", { scopes: [host], timeout: "30s", type: "registry" }),
    object("AuthProvider", "plain", { registries: [host], plainHTTPHosts: [host], type: "anonymous" }),
    object("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name: "keys" }] } }),
    object("KeyProvider", "keys", { type: "inline", inline: { keys: [{ name: "release", publicKey }] } }),
  ]);
}
