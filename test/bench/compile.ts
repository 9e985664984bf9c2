/** One edit among many Stores: how long the event loop is blocked by compiling and publishing it (design 9: ≤ 20 ms at 10,000). */
import { apiVersion } from "../../src/api/kinds.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import { Core } from "../../src/app/core.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { parseRepository, type Repository } from "../../src/oci/repository.ts";
import type { ResourceSource, SourceListener } from "../../src/operator/ports.ts";
import type { Row } from "./keychain.ts";

const edits = 60;
const sizes = { few: 100, many: 10_000 } as const;
const namespaces = 500;

export async function run(): Promise<readonly Row[]> {
  const few = await Scene.open(sizes.few);
  const many = await Scene.open(sizes.many);
  const times = { few: [] as number[], many: [] as number[], tenant: [] as number[], policy: [] as number[], view: [] as number[] };
  // By turns, so that whatever else the machine does meets both.
  for (let at = 0; at < edits; at += 1) {
    times.few.push(await few.edit("Store", `store-${at}`));
    times.many.push(await many.edit("Store", `store-${at}`));
    times.tenant.push(await many.edit("NamespacedStore", `team-${at}/own`));
    times.policy.push(await many.edit("Policy", `policy-${at % 10}`));
    times.view.push(many.look(at));
  }
  await Promise.all([few.close(), many.close()]);
  return [
    { name: "compile: one Store among 100, block at p50", value: quantile(times.few, 0.5), unit: "ms" },
    { name: "compile: one Store among 10,000, block at p50", value: quantile(times.many, 0.5), unit: "ms", budget: 20 },
    { name: "compile: one Store among 10,000, longest block", value: quantile(times.many, 1), unit: "ms", budget: 20 },
    { name: "compile: ratio 10,000 : 100 at p50", value: quantile(times.many, 0.5) / quantile(times.few, 0.5), unit: "" },
    { name: "compile: one NamespacedStore beside 10,000 Stores, longest block", value: quantile(times.tenant, 1), unit: "ms", budget: 20 },
    { name: "compile: one Policy beside 10,000 Stores, longest block", value: quantile(times.policy, 1), unit: "ms", budget: 20 },
    { name: "compile: first view of an image after an edit, p50", value: quantile(times.view, 0.5), unit: "ms" },
    { name: "compile: 10,000 Stores at once", value: many.startMs, unit: "ms" },
  ];
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A core on objects in memory; nothing is probed, and no status is written. */
class Scene implements ResourceSource {
  readonly #objects = new Map<string, Map<string, unknown>>();
  readonly #stop = new AbortController();
  readonly #core: Core;
  #listener: SourceListener | undefined;
  #generation = 1;
  #published: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  startMs = 0;

  private constructor() {
    this.#core = new Core({
      source: this,
      clock: systemClock,
      logger: silentLogger,
      metrics: silentMetrics,
      random: Math.random,
      changed: () => this.#published(),
    });
  }

  static async open(stores: number): Promise<Scene> {
    const scene = new Scene();
    for (let at = 0; at < 20; at += 1)
      scene.#put("AuthProvider", `provider-${at}`, { registries: [`registry${at}.acme.io`], type: "anonymous" });
    for (let at = 0; at < 10; at += 1) scene.#put("Policy", `policy-${at}`, policy(at));
    for (let at = 0; at < stores; at += 1) scene.#put("Store", `store-${at}`, store(at));
    for (let at = 0; at < Math.min(namespaces, stores); at += 1) scene.#put("NamespacedStore", `team-${at}/own`, store(at));
    const start = performance.now();
    await scene.#core.start(scene.#stop.signal);
    scene.startMs = performance.now() - start;
    scene.#running = scene.#core.run(scene.#stop.signal);
    return scene;
  }

  /** Milliseconds from the beginning of a compilation to the end of its publication. */
  async edit(kind: ResourceKind, id: string): Promise<number> {
    const spec = (this.#objects.get(kind)?.get(id) as { readonly spec: object } | undefined)?.spec;
    this.#generation += 1;
    this.#put(kind, id, spec ?? {});
    const published = Promise.withResolvers<void>();
    this.#published = published.resolve;
    const start = { cpu: 0 };
    // The compilation reads the object first of all.
    this.#read = () => {
      start.cpu ||= performance.now();
    };
    this.#listener?.changed(kind, id);
    await published.promise;
    const blocked = performance.now() - start.cpu;
    this.#read = () => {};
    return blocked;
  }
  #read: () => void = () => {};

  look(at: number): number {
    const start = performance.now();
    this.#core.snapshot().views(repositoryOf(`registry${at}.acme.io/team${at}/app`), { name: `team-${at}`, labels: {} });
    return performance.now() - start;
  }

  start(listener: SourceListener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  objects(kind: string): ReadonlyMap<string, unknown> {
    this.#read();
    return this.#objects.get(kind) ?? new Map();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#core[Symbol.asyncDispose]();
  }

  #put(kind: ResourceKind, id: string, spec: object): void {
    const [name, namespace] = id.split("/").toReversed();
    const generation = this.#generation;
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: `${kind}/${id}`,
      generation,
      resourceVersion: String(generation),
    };
    const known = this.#objects.get(kind) ?? new Map<string, unknown>();
    this.#objects.set(kind, known.set(id, { apiVersion, kind, metadata, spec }));
  }
}

const store = (at: number): object => ({
  scopes: [`registry${at}.acme.io/team${at}`],
  suspend: true,
  type: "registry",
  authProviderRefs: [{ name: `provider-${at % 20}` }],
});
const policy = (at: number): object => ({ scopes: [`registry${at}.acme.io`], require: [{ verifierRef: { name: "release" } }] });

function repositoryOf(text: string): Repository {
  const parsed = parseRepository(text);
  if (!parsed.ok) throw new TypeError(parsed.message);
  return parsed.value;
}
