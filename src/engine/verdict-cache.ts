import { LRUCache } from "lru-cache";
import type { Clock } from "../kernel/clock.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import type { Report } from "./report.ts";

/** Design 6.7. What is inconclusive is never remembered: the location comes back, and the next verification is right. */
const allowMs = 10 * 60_000;
const denyMs = 30_000;
/** A report is a few KiB. */
const rememberedVerdicts = 10_000;
/** A verification has its own deadline, not its first caller's (design 6.7). */
const workMs = 30_000;

/** Verdicts by (view revision, namespace, repository, digest); one verification at a time per key, which goes on when its callers have left. */
export class VerdictCache {
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<string, Report>({ keepGoing: true });
  readonly #known = new LRUCache<string, { readonly report: Report; readonly expiresAt: number }>({ max: rememberedVerdicts });

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  async run(key: string, work: (signal: AbortSignal) => Promise<Report>, signal: AbortSignal): Promise<Report> {
    const known = this.#known.get(key);
    if (known !== undefined && known.expiresAt > this.#clock.monotonic()) return known.report;
    return await this.#flights.run(
      key,
      async (flight) => {
        using deadline = this.#clock.deadline(workMs, flight);
        const report = await work(deadline.signal);
        const keepMs = lifetimeOf(report);
        if (keepMs > 0) this.#known.set(key, { report, expiresAt: this.#clock.monotonic() + keepMs });
        return report;
      },
      signal,
    );
  }
}

function lifetimeOf(report: Report): number {
  switch (report.verdict.outcome) {
    case "allow":
      return allowMs;
    case "deny":
      // Reached past the failure of an Optional store: when that is back, the answer may be another.
      return report.complete ? denyMs : 0;
    case "inconclusive":
      return 0;
  }
}
