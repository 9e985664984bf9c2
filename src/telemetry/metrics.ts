import * as prom from "prom-client";
import { InvariantError } from "../kernel/error.ts";
import type { Counter, Gauge, Histogram, Labels, Metrics } from "../kernel/metrics.ts";

/** What metrics are made of. */
export interface PromMetricsOptions {
  /** Memory, CPU, garbage collection and event loop lag of the process. Default true. */
  readonly processMetrics?: boolean;
  /** Most label sets of one instrument; those beyond share one whose values are all `overflow`. Default 1000. */
  readonly maxLabelSets?: number;
}

/** Instruments by prom-client, in a registry of their own: two compositions in one process do not meet. */
export class PromMetrics implements Metrics {
  readonly #registry = new prom.Registry();
  readonly #declared = new Map<string, Declared>();
  readonly #maxLabelSets: number;
  readonly #overflow: prom.Counter;

  constructor(options: PromMetricsOptions = {}) {
    this.#maxLabelSets = options.maxLabelSets ?? 1000;
    this.#overflow = new prom.Counter({
      name: "countersign_metric_overflow_total",
      help: "Observations whose label values were too many to be kept apart",
      labelNames: ["metric"],
      registers: [this.#registry],
    });
    if (options.processMetrics ?? true) prom.collectDefaultMetrics({ register: this.#registry });
  }

  /** Content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, in the text format that Prometheus reads. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.#declare(name, { type: "counter", labelNames }, (labels) => {
      const counter = new prom.Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
      return { add: (value, given) => counter.inc(labels.of(given), value) };
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.#declare(name, { type: "gauge", labelNames }, (labels) => {
      const gauge = new prom.Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
      return { set: (value, given) => gauge.set(labels.of(given), value), remove: (given) => gauge.remove(labels.forget(given)) };
    });
  }

  histogram(
    name: string,
    help: string,
    options: { readonly buckets: readonly number[]; readonly labelNames?: readonly string[] },
  ): Histogram {
    const labelNames = options.labelNames ?? [];
    return this.#declare(name, { type: "histogram", labelNames }, (labels) => {
      const settings = { name, help, labelNames: [...labelNames], buckets: [...options.buckets], registers: [this.#registry] };
      const histogram = new prom.Histogram(settings);
      return { observe: (value, given) => histogram.observe(labels.of(given), value) };
    });
  }

  /** An instrument may be declared by each part that uses it; the same name for two different ones is a defect. */
  #declare<I extends Counter | Gauge | Histogram>(name: string, shape: Shape, create: (labels: LabelSets) => I): I {
    const signature = `${shape.type}(${shape.labelNames.join(",")})`;
    const known = this.#declared.get(name);
    if (known === undefined) {
      const onOverflow = (): void => this.#overflow.inc({ metric: name });
      const instrument = create(new LabelSets(shape.labelNames, { max: this.#maxLabelSets, onOverflow }));
      this.#declared.set(name, { signature, instrument });
      return instrument;
    }
    if (known.signature !== signature) throw new InvariantError(`Metric "${name}" is declared as ${signature} and as ${known.signature}`);
    return known.instrument as I; // the signature says the type
  }
}

interface Shape {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labelNames: readonly string[];
}

interface Declared {
  readonly signature: string;
  readonly instrument: Counter | Gauge | Histogram;
}

/** The label sets of one instrument, so many and no more. A label that was not declared is left out: measuring must not break what is measured. */
class LabelSets {
  readonly #names: readonly string[];
  readonly #known = new Set<string>();
  readonly #options: { readonly max: number; readonly onOverflow: () => void };

  constructor(names: readonly string[], options: { readonly max: number; readonly onOverflow: () => void }) {
    this.#names = names;
    this.#options = options;
  }

  of(labels: Labels | undefined): Record<string, string> {
    const values = this.#names.map((name) => labels?.[name] ?? "");
    const key = JSON.stringify(values);
    if (!this.#known.has(key)) {
      if (this.#known.size >= this.#options.max) {
        this.#options.onOverflow();
        return Object.fromEntries(this.#names.map((name) => [name, "overflow"]));
      }
      this.#known.add(key);
    }
    return Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ""]));
  }

  forget(labels: Labels): Record<string, string> {
    const values = this.#names.map((name) => labels[name] ?? "");
    this.#known.delete(JSON.stringify(values));
    return Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ""]));
  }
}
