import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import type { LogFields, Logger } from "../../src/kernel/logger.ts";
import type { Counter, Gauge, Histogram, Labels, Metrics } from "../../src/kernel/metrics.ts";
import type { KubeConfigSource } from "../../src/kube/connection.ts";
import type { FakeKubeApi } from "../support/kube-api.ts";

export const widgets = { group: "example.com", version: "v1", plural: "widgets", kind: "Widget" };
export const secrets = { version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

/** Remembers what was logged. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }
  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "info", message, fields });
  }
  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "warn", message, fields });
  }
  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "error", message, fields });
  }
}

/** Remembers counts: `name{a=b}` to the sum, or the last value of a gauge. */
export class RecordingMetrics implements Metrics {
  readonly values = new Map<string, number>();
  counter(name: string): Counter {
    return { add: (value, labels) => this.#set(name, labels, (this.values.get(seriesOf(name, labels)) ?? 0) + value) };
  }
  gauge(name: string): Gauge {
    return { set: (value, labels) => this.#set(name, labels, value), remove: (labels) => this.values.delete(seriesOf(name, labels)) };
  }
  histogram(name: string): Histogram {
    return { observe: (_, labels) => this.#set(`${name}_count`, labels, (this.values.get(seriesOf(`${name}_count`, labels)) ?? 0) + 1) };
  }
  #set(name: string, labels: Labels | undefined, value: number): void {
    this.values.set(seriesOf(name, labels), value);
  }
}

function seriesOf(name: string, labels: Labels = {}): string {
  return `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(",")}}`;
}

/** A file of its own folder, gone with the test. */
export function temporaryFile(name: string, content: string): Disposable & { readonly path: string; readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "countersign-kube-"));
  const path = join(directory, name);
  writeFileSync(path, content);
  return { path, directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A client of a fake server. */
export async function clientOf(
  api: FakeKubeApi,
  options: {
    readonly clock: Clock;
    readonly logger?: Logger;
    readonly metrics?: Metrics;
    readonly config?: KubeConfigSource;
    readonly user?: Record<string, unknown>;
  },
): Promise<KubeClient> {
  using file = temporaryFile("kubeconfig", api.kubeconfig(options.user));
  return await createKubeClient({
    config: options.config ?? { kubeconfigPath: file.path },
    clock: options.clock,
    logger: options.logger ?? new RecordingLogger(),
    metrics: options.metrics ?? new RecordingMetrics(),
    userAgent: "countersign/test",
    random: () => 0,
  });
}
