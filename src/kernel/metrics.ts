export type Labels = Readonly<Record<string, string>>;

/** Port of telemetry/: instruments are declared once, by name, help and label names. Label values come from bounded sets only. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** Buckets are upper bounds in the metric's own unit. */
  histogram(
    name: string,
    help: string,
    options: { readonly buckets: readonly number[]; readonly labelNames?: readonly string[] },
  ): Histogram;
}
export interface Counter {
  add(value: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
  remove(labels: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

const nothing = { add: () => {}, set: () => {}, remove: () => {}, observe: () => {} };
export const silentMetrics: Metrics = { counter: () => nothing, gauge: () => nothing, histogram: () => nothing };
