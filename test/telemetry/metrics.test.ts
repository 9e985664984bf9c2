import assert from "node:assert/strict";
import { test } from "node:test";
import { InvariantError } from "../../src/kernel/error.ts";
import { PromMetrics } from "../../src/telemetry/metrics.ts";

/** The samples, without help and type. */
async function samples(metrics: PromMetrics): Promise<string[]> {
  return (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("PromMetrics keeps counters, gauges and histograms as Prometheus reads them", async () => {
  const metrics = new PromMetrics({ processMetrics: false });
  metrics.counter("c_total", "counts", ["kind"]).add(2, { kind: "a" });
  const gauge = metrics.gauge("g", "stands", ["kind"]);
  gauge.set(5, { kind: "a" });
  gauge.set(6, { kind: "b" });
  gauge.remove({ kind: "b" });
  metrics.histogram("h_seconds", "measures", { buckets: [1, 2] }).observe(1.5);
  assert.deepEqual(await samples(metrics), [
    'c_total{kind="a"} 2',
    'g{kind="a"} 5',
    'h_seconds_bucket{le="1"} 0',
    'h_seconds_bucket{le="2"} 1',
    'h_seconds_bucket{le="+Inf"} 1',
    "h_seconds_sum 1.5",
    "h_seconds_count 1",
  ]);
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

test("PromMetrics gives the same instrument to everyone who declares it alike, and refuses a different one of its name", async () => {
  const metrics = new PromMetrics({ processMetrics: false });
  metrics.counter("c_total", "counts", ["kind"]).add(1, { kind: "a" });
  metrics.counter("c_total", "counts", ["kind"]).add(1, { kind: "a" });
  assert.deepEqual(await samples(metrics), ['c_total{kind="a"} 2']);
  assert.throws(() => metrics.gauge("c_total", "stands", ["kind"]), InvariantError);
  assert.throws(() => metrics.counter("c_total", "counts", ["other"]), InvariantError);
});

test("PromMetrics keeps so many label sets apart and no more", async () => {
  const metrics = new PromMetrics({ processMetrics: false, maxLabelSets: 2 });
  const gauge = metrics.gauge("g", "stands", ["host"]);
  for (const host of ["a", "b", "c", "d", "a"]) gauge.set(1, { host });
  assert.deepEqual(await samples(metrics), [
    'countersign_metric_overflow_total{metric="g"} 2',
    'g{host="a"} 1',
    'g{host="b"} 1',
    'g{host="overflow"} 1',
  ]);
  gauge.remove({ host: "a" });
  gauge.set(1, { host: "e" });
  assert.ok((await samples(metrics)).includes('g{host="e"} 1'), "what was removed makes room");
});

test("PromMetrics does without a label that was forgotten, and leaves out one that was not declared", async () => {
  const metrics = new PromMetrics({ processMetrics: false });
  metrics.counter("c_total", "counts", ["kind", "reason"]).add(1, { kind: "a", surplus: "x" });
  assert.deepEqual(await samples(metrics), ['c_total{kind="a",reason=""} 1']);
});

test("PromMetrics tells of the process and its event loop, in a registry of its own", async () => {
  const [one, other] = [new PromMetrics(), new PromMetrics()];
  one.counter("c_total", "counts").add(1);
  assert.match(await one.text(), /^nodejs_eventloop_lag_p99_seconds /m);
  assert.doesNotMatch(await other.text(), /^c_total /m);
});
