/** A source of widgets of all namespaces, which refer to Secrets and ConfigMaps of their own, on a fake server. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { retainLabels } from "../../src/kube/object.ts";
import type { ReflectorLimits } from "../../src/kube/reflector-limits.ts";
import { KubeSource } from "../../src/kube/source.ts";
import type { TenantLimits } from "../../src/kube/tenant-limits.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { eventually } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger, RecordingMetrics, secrets } from "./fixture.ts";

const gadgets = { group: "example.com", version: "v1", plural: "gadgets", kind: "Gadget", namespaced: true };
const namespaces = { version: "v1", plural: "namespaces", kind: "Namespace" };
const configMaps = { version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

export interface TenantScene {
  readonly api: FakeKubeApi;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly metrics: RecordingMetrics;
  readonly source: KubeSource;
  /** `Kind/key` of what the listener was told. */
  readonly changes: string[];
  readonly start: () => Promise<void>;
  /** An object that refers to these kinds. */
  readonly gadget: (namespace: string, name: string, needs?: readonly string[]) => void;
  readonly secret: (namespace: string, name: string, more?: Record<string, unknown>) => void;
  readonly keys: (kind: string) => readonly string[];
  /** `namespace kind` of collections that were asked for, each request once. */
  readonly asked: () => readonly string[];
  /** Moves time by steps until something holds: what waits for the network takes its own. */
  readonly until: (holds: () => boolean, stepMs?: number) => Promise<void>;
}

export interface TenantSceneOptions {
  readonly limits?: Partial<TenantLimits>;
  readonly reflector?: Partial<ReflectorLimits>;
}

export async function tenantScene(t: TestContext, options: TenantSceneOptions = {}): Promise<TenantScene> {
  const api = await FakeKubeApi.start({ resources: [gadgets, namespaces, secrets, configMaps] });
  t.after(() => api.close());
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const client = await clientOf(api, { clock, logger, metrics });
  const changes: string[] = [];
  const stop = new AbortController();
  const source = new KubeSource({
    collections: [
      { resource: namespaces, retain: retainLabels },
      { resource: gadgets, namespace: "*" },
      { resource: secrets, namespace: "system" },
    ],
    tenants: {
      materials: [{ resource: secrets }, { resource: configMaps }],
      needs: (object) => new Set((object as { readonly spec?: { readonly needs?: readonly string[] } }).spec?.needs),
      ...(options.limits !== undefined && { limits: options.limits }),
    },
    client,
    clock,
    random: () => 0,
    logger,
    metrics,
    ...(options.reflector !== undefined && { limits: options.reflector }),
  });
  t.after(async () => {
    stop.abort(new DOMException("The test has ended", "AbortError"));
    await source.stopped();
    client.close();
    assert.equal(clock.pending, 0, "a stopped source leaves no timer");
  });
  return {
    api,
    clock,
    logger,
    metrics,
    source,
    changes,
    start: () => source.start({ changed: (kind, key) => void changes.push(`${kind}/${key}`) }, stop.signal),
    gadget: (namespace, name, needs = ["Secret"]) => void api.put("gadgets", { metadata: { name, namespace }, spec: { needs } }),
    secret: (namespace, name, more = {}) => void api.put("secrets", { metadata: { name, namespace }, ...more }),
    keys: (kind) => [...source.objects(kind).keys()].toSorted(),
    asked: () =>
      api.requests.flatMap(({ path, verb }) => {
        const found = /\/namespaces\/([^/]+)\/([^/]+)$/.exec(path);
        return found === null ? [] : [`${verb} ${found[1]} ${found[2]}`];
      }),
    until: async (holds, stepMs = 0) => {
      for (let round = 0; round < 2000 && !holds(); round += 1) {
        await clock.advance(stepMs);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await eventually(holds);
    },
  };
}
