import type { Clock } from "../kernel/clock.ts";
import { raceSignal } from "../kernel/clock.ts";
import { CodedError } from "../kernel/error.ts";
import { FairCache } from "../kernel/fair-cache.ts";
import { FairLimit, type Place } from "../kernel/fair-limit.ts";
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
const flightsAtOnce = 128;
/** Of these for each registry host and each namespace: whatever one of them does, three quarters are left to the others. */
const flightsOfOne = 32;
/** Of these by objects of namespaces, of all namespaces together: the rest is the cluster's own. */
const flightsOfTenants = 96;
/** That may wait for a place, of one namespace for the same hosts and in all: more could not be answered in time. */
const waitingForHosts = 256;
const waitingOfOne = 1024;

/** One verification that several callers may wait for. */
export interface Flight {
  readonly signal: AbortSignal;
  /** Tells how to report what is known so far: whoever has to answer earlier is given that. */
  readonly observable: (soFar: () => Report) => void;
}

/** What is to be verified, and whom that occupies. */
export interface Ask {
  /** Equal exactly if the verdict is. */
  readonly key: string;
  /** Whose registries are read. */
  readonly hosts: readonly string[];
  /** Where the object that wants to run the image lives. */
  readonly namespace?: string | undefined;
  /** By the objects of that namespace, and not by the cluster's own. */
  readonly isTenant: boolean;
}

/** There are too many before it, or it has waited too long. */
export class BusyError extends CodedError<"ENGINE_BUSY"> {}

/** What is waited for: a place, then the verdict. */
interface Entry {
  readonly result: PromiseWithResolvers<Report>;
  /** By place: who waits for one, to be told when another has it. */
  readonly waiting: Map<string, AbortController>;
  isFlying: boolean;
}
type Work = (flight: Flight) => Promise<Report>;

/**
 * Verdicts by key; one verification at a time for each, which goes on when its callers have left. Places are shared fairly among hosts and namespaces. Each
 * namespace that asks for the same verdict waits in its own line, and the first to have a place does the work for all: nobody waits behind another's queue.
 */
export class VerdictCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #pool = new FairLimit({ size: flightsAtOnce, waitingPerLane: waitingForHosts, waitingPerGroup: waitingOfOne });
  readonly #soFar = new Map<string, () => Report>();
  readonly #known = new FairCache<{ readonly report: Report; readonly expiresAt: number }>({
    max: rememberedVerdicts,
    maxSize: rememberedCharacters,
    sizeOf: ({ report }) => JSON.stringify(report).length,
  });

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  /** What the verification under way has found by now; undefined if there is none, or if it stands on an exception that has ended. */
  soFar(key: string): Report | undefined {
    const report = this.#soFar.get(key)?.();
    return report !== undefined && standsUntil(report) > this.#clock.now() ? report : undefined;
  }

  /**
   * Nobody is given what had ended before he asked: not from memory, and not by a verification that began in time.
   * @throws BusyError where there is no place for it, or the signal's reason
   */
  async run(ask: Ask, work: Work, signal: AbortSignal): Promise<Report> {
    const askedAt = this.#clock.now();
    const known = this.#known.get(ask.key);
    if (known !== undefined && known.expiresAt > this.#clock.monotonic() && standsUntil(known.report) > askedAt) return known.report;
    for (;;) {
      const report = await this.#join(ask, work, signal);
      // One that begins from now on sees by itself that the exception has ended; unless the clock was set back, and it has not.
      if (standsUntil(report) > Math.min(askedAt, this.#clock.now())) return report;
    }
  }

  async #join(ask: Ask, work: Work, signal: AbortSignal): Promise<Report> {
    signal.throwIfAborted();
    const entry = this.#entries.get(ask.key) ?? this.#open(ask.key);
    const place = placeOf(ask);
    const line = JSON.stringify(place);
    if (!entry.isFlying && !entry.waiting.has(line)) void this.#wait({ entry, ask, line, place }, work);
    return await raceSignal(entry.result.promise, signal);
  }

  #open(key: string): Entry {
    const entry: Entry = { result: Promise.withResolvers<Report>(), waiting: new Map(), isFlying: false };
    // Whoever has left must not make it an unhandled rejection; the others see it through their own race.
    entry.result.promise.catch(() => {});
    this.#entries.set(key, entry);
    return entry;
  }

  /** Never rejects. */
  async #wait(
    { entry, ask, line, place }: { readonly entry: Entry; readonly ask: Ask; readonly line: string; readonly place: Place },
    work: Work,
  ): Promise<void> {
    const ticket = new AbortController();
    entry.waiting.set(line, ticket);
    using deadline = this.#clock.deadline(flightMs, ticket.signal);
    try {
      await this.#pool.run(place, () => this.#fly(entry, ask, work), deadline.signal);
    } catch (error) {
      entry.waiting.delete(line);
      if (entry.isFlying || entry.waiting.size > 0) return;
      this.#entries.delete(ask.key);
      entry.result.reject(new BusyError("ENGINE_BUSY", "Too many verifications are under way", { cause: error, remedy: "retry" }));
    }
  }

  /** Never rejects. */
  async #fly(entry: Entry, { key, namespace }: Ask, work: Work): Promise<void> {
    if (entry.isFlying) return;
    entry.isFlying = true;
    for (const ticket of entry.waiting.values()) ticket.abort(new DOMException("It is being verified", "AbortError"));
    using deadline = this.#clock.deadline(flightMs);
    try {
      const observable = (soFar: () => Report): void => void this.#soFar.set(key, soFar);
      const report = await work({ signal: deadline.signal, observable });
      const keepMs = lifetimeOf(report);
      if (keepMs > 0) this.#known.set(key, { report, expiresAt: this.#clock.monotonic() + keepMs }, namespace ?? "");
      entry.result.resolve(report);
    } catch (error) {
      entry.result.reject(error);
    } finally {
      this.#soFar.delete(key);
      this.#entries.delete(key);
    }
  }
}

/** Epoch ms: when the first exception ends that the report names, whether the verdict needs it or not. */
function standsUntil({ policies, validUntil = Number.POSITIVE_INFINITY }: Report): number {
  return Math.min(validUntil, ...policies.flatMap(({ exception }) => exception?.expirationTime ?? []));
}

function placeOf({ hosts, namespace, isTenant }: Ask): Place {
  // What a namespace's own Stores make slow is its own affair, whatever else they are asked beside.
  const of = isTenant ? `host of ${namespace ?? ""}` : "host";
  const shares = [...new Set(hosts)].toSorted().map((host) => ({ key: `${of} ${host}`, most: flightsOfOne }));
  if (namespace !== undefined) shares.push({ key: `namespace ${namespace}`, most: flightsOfOne });
  if (isTenant) shares.push({ key: "tenants", most: flightsOfTenants });
  return { group: namespace ?? "", shares };
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
