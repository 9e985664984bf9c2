import { LRUCache } from "lru-cache";
import type { Clock } from "../kernel/clock.ts";
import { Limit } from "../kernel/limit.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import type { Report } from "./report.ts";

/** Design 6.7. What is inconclusive is never remembered: the location comes back, and the next verification is right. */
const allowMs = 10 * 60_000;
const denyMs = 30_000;
const rememberedVerdicts = 10_000;
/** Of all reports together, in characters of JSON: one is a few KiB, but whoever attaches hundreds of artifacts to images makes it hundreds. */
const rememberedCharacters = 64 * 1024 * 1024;
/** A verification has its own deadline, not its first caller's (design 6.7). */
export const flightMs = 30_000;
/** Verifications at a time, so that a burst does not open thousands of connections; each holds at most eight artifacts. */
const flightsAtOnce = 64;

/** One verification that several callers may wait for. */
export interface Flight {
  readonly signal: AbortSignal;
  /** Tells how to report what is known so far: whoever has to answer earlier is given that. */
  readonly observable: (soFar: () => Report) => void;
}

/** Verdicts by (view revision, namespace, repository, digest); one verification at a time per key, which goes on when its callers have left. */
export class VerdictCache {
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<string, Report>({ keepGoing: true });
  readonly #pool = new Limit(flightsAtOnce);
  readonly #soFar = new Map<string, () => Report>();
  readonly #known = new LRUCache<string, { readonly report: Report; readonly expiresAt: number }>({
    max: rememberedVerdicts,
    maxSize: rememberedCharacters,
    sizeCalculation: ({ report }) => JSON.stringify(report).length,
  });

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  /** What the verification under way has found by now; undefined if there is none, or if it stands on an exception that has ended. */
  soFar(key: string): Report | undefined {
    const report = this.#soFar.get(key)?.();
    return report !== undefined && standsUntil(report) > this.#clock.now() ? report : undefined;
  }

  /** Nobody is given what had ended before he asked: not from memory, and not by a verification that began in time. */
  async run(key: string, work: (flight: Flight) => Promise<Report>, signal: AbortSignal): Promise<Report> {
    const askedAt = this.#clock.now();
    const known = this.#known.get(key);
    if (known !== undefined && known.expiresAt > this.#clock.monotonic() && standsUntil(known.report) > askedAt) return known.report;
    for (;;) {
      const report = await this.#flights.run(key, (flight) => this.#fly(key, work, flight), signal);
      // One that begins from now on sees by itself that the exception has ended; unless the clock was set back, and it has not.
      if (standsUntil(report) > Math.min(askedAt, this.#clock.now())) return report;
    }
  }

  async #fly(key: string, work: (flight: Flight) => Promise<Report>, signal: AbortSignal): Promise<Report> {
    using deadline = this.#clock.deadline(flightMs, signal);
    try {
      const observable = (soFar: () => Report): void => void this.#soFar.set(key, soFar);
      const report = await this.#pool.run(() => work({ signal: deadline.signal, observable }), deadline.signal);
      const keepMs = lifetimeOf(report);
      if (keepMs > 0) this.#known.set(key, { report, expiresAt: this.#clock.monotonic() + keepMs });
      return report;
    } finally {
      this.#soFar.delete(key);
    }
  }
}

/** Epoch ms: when the first exception ends that the report names, whether the verdict needs it or not. */
function standsUntil({ policies, validUntil = Number.POSITIVE_INFINITY }: Report): number {
  return Math.min(validUntil, ...policies.flatMap(({ exception }) => exception?.expirationTime ?? []));
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
