import { type Clock, raceSignal } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { EndpointObservation, StoreProbe } from "../engine/store.ts";
import { OriginLimiter } from "./origin-limiter.ts";
import { holdOf, jittered, probeDelay } from "./probe-delay.ts";
import { ProbeLanes } from "./probe-lanes.ts";
import {
  endpointOf,
  looksAlike,
  observeStore,
  reachabilityOf,
  type Reachability,
  renewStoreHealth,
  type StoreHealth,
} from "./store-health.ts";

/** What the prober has to know of one Store; made anew after every compile. */
export interface ProbedStore {
  readonly key: string;
  /** Its namespace; absent: cluster-scoped. */
  readonly tenant?: string;
  readonly uid: string;
  readonly generation: number;
  /** Holds the identities of everything its probes depend on, Secrets included: it is probed anew exactly when this changes. */
  readonly revision: string;
  readonly intervalMs: number;
  readonly failureThreshold: number;
  /** Neither probed nor moved by traffic: the last that was known stays. */
  readonly suspend: boolean;
  readonly probe: StoreProbe;
  /** Reads what its status said when this process began (`adoptStatus`); called only when the Store is first seen, not after every compile. */
  readonly adopted?: () => StoreHealth | undefined;
}

export interface ProberDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Something worth a look at its status has changed: every probe, and of real traffic what alters the picture. */
  readonly onChange: (key: string) => void;
}

/** One host of one Store that is probed. */
interface Slot {
  readonly entry: Entry;
  readonly endpoint: string;
  /** Not probed yet since the Store's revision changed. */
  first: boolean;
  /** Owns the moment of its origin's bucket at which it falls due. */
  reserved: boolean;
  flight?: Promise<void>;
}
interface Entry {
  store: ProbedStore;
  health: StoreHealth;
  readonly slots: Map<string, Slot>;
  /** Aborts when the Store changes or goes: an answer to yesterday's question is dropped. */
  readonly replaced: AbortController;
  notifiedAt: number;
}

/** A whole probe: token exchange and ping; connect and header deadlines of the transport are shorter. */
const probeTimeoutMs = 10_000;
/** Up to this many new Stores are probed at once; more (a start, a Secret that many use) are spread, 50 a second. */
const spreadAbove = 50;
const spreadPerStoreMs = 20;
const longestNapMs = 2 ** 31 - 1;

/** Decides when which host is asked, and owns what is known of every Store; the only writer of that state. Nothing runs before {@link run} or {@link check}. */
export class Prober {
  readonly #deps: ProberDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #lanes = new ProbeLanes<Slot>(({ entry }) => entry.store.tenant);
  readonly #origins = new OriginLimiter();
  #wake: () => void = () => {};

  constructor(deps: ProberDeps) {
    this.#deps = deps;
  }

  /** All Stores there are now. One whose revision is new is probed at once; an unchanged one is left alone; one that is missing is forgotten. */
  sync(stores: readonly ProbedStore[]): void {
    const present = new Set(stores.map(({ key }) => key));
    this.update(
      stores,
      [...this.#entries.keys()].filter((key) => !present.has(key)),
    );
  }

  /** As {@link sync}, where it is known which Stores may have changed, and which there are no longer: the others cost nothing. */
  update(stores: readonly ProbedStore[], gone: readonly string[]): void {
    const begun: Entry[] = [];
    for (const store of stores) {
      const entry = this.#entries.get(store.key);
      if (entry !== undefined && sameRevision(entry.store, store)) entry.store = store;
      else begun.push(this.#replace(entry, store));
    }
    for (const key of gone) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#close(entry);
      this.#entries.delete(key);
    }
    const now = this.#deps.clock.monotonic();
    for (const { store, slots } of begun) {
      const window = begun.length > spreadAbove ? Math.min(store.intervalMs, begun.length * spreadPerStoreMs) : 0;
      // A new generation goes before whatever else is overdue: somebody is looking at it.
      for (const slot of slots.values())
        this.#lanes.set(slot, window === 0 ? Number.NEGATIVE_INFINITY : now + window * this.#deps.random());
    }
    this.#wake();
  }

  /** What real traffic of a Store saw. A success postpones the host's next probe. Ignored while the first probe of a new revision is outstanding. */
  observe(key: string, observation: EndpointObservation): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.store.suspend) return;
    const slot = entry.slots.get(observation.endpoint);
    // Requests of the former generation are still on their way: its credential must not speak for the new one.
    if (slot?.first === true) return;
    const before = endpointOf(entry.health, observation.endpoint);
    entry.health = observeStore(entry.health, { ...observation, source: "traffic" }, entry.store);
    const after = endpointOf(entry.health, observation.endpoint);
    if (after === undefined || after === before) return;
    const now = this.#deps.clock.monotonic();
    if (slot !== undefined && slot.flight === undefined) {
      if (observation.failure === undefined) this.#schedule(slot, now + jittered(entry.store.intervalMs, this.#deps.random()));
      else if (after.state === "Failing" && before?.state !== "Failing")
        this.#schedule(slot, Math.min(this.#lanes.timeOf(slot) ?? now, now + this.#delay(slot, observation)));
    }
    // A busy Store is never probed, yet its `lastCheckTime` has to move now and then.
    if (!looksAlike(before, after) || now - entry.notifiedAt >= entry.store.intervalMs) this.#notify(entry);
  }

  /** What is known of a Store now; undefined if there is none of that key. */
  health(key: string): Reachability | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : reachabilityOf(entry.health);
  }

  /** Probes every host of one Store once, whether due or not, and waits for the answers; for `once` mode, where {@link run} is not. */
  async check(key: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const checks = [...entry.slots.values()].map(async (slot) => {
      if (slot.flight === undefined) {
        const now = this.#deps.clock.monotonic();
        const startAt = slot.reserved ? now : this.#origins.reserve(originOf(slot), now);
        if (startAt > now) await this.#deps.clock.sleep(startAt - now, signal);
      }
      await raceSignal(this.#start(slot, entry.replaced.signal), signal);
    });
    await Promise.all(checks);
  }

  /** Probes whatever falls due until `signal` aborts, then resolves when nothing is on its way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const flights = new Set<Promise<void>>();
    const onAbort = (): void => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const nap = new AbortController();
        this.#wake = () => nap.abort();
        this.#launchDue(flights, signal);
        await this.#nap(nap.signal);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      await Promise.all(flights);
    }
  }

  #launchDue(flights: Set<Promise<void>>, signal: AbortSignal): void {
    const now = this.#deps.clock.monotonic();
    for (let slot = this.#lanes.take(now); slot !== undefined; slot = this.#lanes.take(now)) {
      const startAt = this.#startTime(slot, now);
      if (startAt > now) {
        this.#lanes.set(slot, startAt);
        continue;
      }
      const flight = this.#start(slot, AbortSignal.any([slot.entry.replaced.signal, signal]));
      flights.add(flight);
      void flight.finally(() => flights.delete(flight));
    }
  }

  #startTime(slot: Slot, now: number): number {
    if (slot.reserved) return now;
    if (!slot.first) {
      const heldUntil = this.#origins.heldUntil(originOf(slot), { identity: identityOf(slot), now });
      if (heldUntil > now) return heldUntil;
    }
    slot.reserved = true;
    return this.#origins.reserve(originOf(slot), now);
  }

  async #nap(woken: AbortSignal): Promise<void> {
    const earliest = this.#lanes.earliest();
    const ms = earliest === undefined ? longestNapMs : Math.max(0, Math.ceil(earliest - this.#deps.clock.monotonic()));
    try {
      await this.#deps.clock.sleep(ms, woken);
    } catch {
      // Woken: the loop looks afresh at what is due and at its signal.
    }
  }

  /** Joins the flight of this slot, or starts one; never rejects. */
  #start(slot: Slot, signal: AbortSignal): Promise<void> {
    slot.flight ??= this.#lanes
      .run(slot, () => this.#probe(slot, signal), signal)
      .catch((error: unknown) => {
        if (!signal.aborted)
          this.#deps.logger.error("A probe could not be judged", {
            endpoint: slot.endpoint,
            error: error instanceof Error ? error : undefined,
          });
      })
      .finally(() => {
        delete slot.flight;
        slot.reserved = false;
        // Given up without an answer (this replica stopped probing): as due as it was.
        if (!slot.entry.replaced.signal.aborted && this.#lanes.timeOf(slot) === undefined)
          this.#schedule(slot, this.#deps.clock.monotonic());
        this.#wake();
      });
    this.#lanes.delete(slot);
    return slot.flight;
  }

  async #probe(slot: Slot, signal: AbortSignal): Promise<void> {
    const { entry, endpoint } = slot;
    const { clock } = this.#deps;
    using deadline = clock.deadline(probeTimeoutMs, signal);
    const startedAt = clock.monotonic();
    let observation: EndpointObservation;
    try {
      const seen = await raceSignal(entry.store.probe.probe(endpoint, deadline.signal), deadline.signal);
      observation = { ...seen, endpoint, source: "probe" };
    } catch (error) {
      if (signal.aborted) return;
      const timedOut = deadline.signal.aborted;
      if (!timedOut) this.#deps.logger.error("A probe broke its contract", { endpoint, error: error instanceof Error ? error : undefined });
      observation = {
        endpoint,
        source: "probe",
        time: clock.now(),
        latencyMs: clock.monotonic() - startedAt,
        failure: timedOut
          ? { class: "Timeout", message: `${endpoint} did not answer a probe within ${probeTimeoutMs / 1000} s` }
          : { class: "Internal", message: `A probe of ${endpoint} ended unexpectedly; see the log` },
      };
    }
    if (!signal.aborted) this.#conclude(slot, observation);
  }

  #conclude(slot: Slot, observation: EndpointObservation): void {
    const { entry } = slot;
    entry.health = observeStore(entry.health, observation, entry.store);
    slot.first = false;
    const now = this.#deps.clock.monotonic();
    const hold = observation.failure === undefined ? 0 : holdOf(observation.failure, this.#deps.clock.now());
    if (hold > 0) this.#origins.hold(originOf(slot), { identity: identityOf(slot), until: now + hold, now });
    this.#schedule(slot, now + this.#delay(slot, observation));
    this.#notify(entry);
  }

  #delay(slot: Slot, observation: EndpointObservation): number {
    const consecutiveFailures = endpointOf(slot.entry.health, slot.endpoint)?.consecutiveFailures ?? 0;
    const outcome = { consecutiveFailures, ...(observation.failure !== undefined && { failure: observation.failure }) };
    return probeDelay(outcome, { intervalMs: slot.entry.store.intervalMs, now: this.#deps.clock.now(), random: this.#deps.random() });
  }

  #schedule(slot: Slot, at: number): void {
    slot.reserved = false;
    this.#lanes.set(slot, at);
    this.#wake();
  }

  #notify(entry: Entry): void {
    entry.notifiedAt = this.#deps.clock.monotonic();
    this.#deps.onChange(entry.store.key);
  }

  #replace(before: Entry | undefined, store: ProbedStore): Entry {
    if (before !== undefined) this.#close(before);
    const endpoints = store.probe.endpoints();
    const health = renewStoreHealth(before === undefined ? store.adopted?.() : before.health, { ...store, endpoints });
    const entry: Entry = { store, health, slots: new Map(), replaced: new AbortController(), notifiedAt: this.#deps.clock.monotonic() };
    if (!store.suspend) {
      for (const { endpoint } of health.literal) entry.slots.set(endpoint, { entry, endpoint, first: true, reserved: false });
    }
    this.#entries.set(store.key, entry);
    return entry;
  }

  #close(entry: Entry): void {
    entry.replaced.abort(new DOMException("The Store has changed", "AbortError"));
    for (const slot of entry.slots.values()) this.#lanes.delete(slot);
  }
}

function sameRevision(a: ProbedStore, b: ProbedStore): boolean {
  return a.uid === b.uid && a.generation === b.generation && a.revision === b.revision && a.suspend === b.suspend;
}

/** Each namespace has its own politeness towards a registry: however many Stores it has there, nobody else's is held back. */
function originOf({ entry, endpoint }: Slot): string {
  return entry.store.tenant === undefined ? endpoint : `${entry.store.tenant}/${endpoint}`;
}

/** Who asked: a quota belongs to a credential, so that a Store with another one is not held back. */
function identityOf(slot: Slot): string {
  return endpointOf(slot.entry.health, slot.endpoint)?.authProvider ?? "";
}
