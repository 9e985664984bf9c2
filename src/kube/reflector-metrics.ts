import type { Counter, Gauge, Metrics } from "../kernel/metrics.ts";

/** Instruments that all reflectors of a process share; label `kind`. */
export interface ReflectorMetrics {
  /** Label `method`: `list` or `watchlist`. */
  readonly lists: Counter;
  readonly watches: Counter;
  /** Watches that ended at once and without an event: a server that sends us away. */
  readonly shortWatches: Counter;
  /** Label `type`: `added`, `modified`, `deleted`, `bookmark`. Repetitions of a known state are not counted. */
  readonly events: Counter;
  /** Label `reason`: `expired`, `unreadable`, `refused`, `unreachable`. */
  readonly failures: Counter;
  readonly objects: Gauge;
  readonly lastActivity: Gauge;
}

/** Declares them; once per process. */
export function declareReflectorMetrics(metrics: Metrics): ReflectorMetrics {
  return {
    lists: metrics.counter("countersign_reflector_lists_total", "Complete lists read from the API server", ["kind", "method"]),
    watches: metrics.counter("countersign_reflector_watches_total", "Watches opened", ["kind"]),
    shortWatches: metrics.counter("countersign_reflector_short_watches_total", "Watches that ended at once and without an event", ["kind"]),
    events: metrics.counter("countersign_reflector_events_total", "Changes told by lists and watches", ["kind", "type"]),
    failures: metrics.counter("countersign_reflector_failures_total", "Lists and watches that failed", ["kind", "reason"]),
    objects: metrics.gauge("countersign_reflector_objects", "Objects in the cache", ["kind"]),
    lastActivity: metrics.gauge(
      "countersign_reflector_last_activity_timestamp_seconds",
      "When the API server last sent anything for this kind",
      ["kind"],
    ),
  };
}
