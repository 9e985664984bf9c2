import { LRUCache } from "lru-cache";
import { type Clock, raceSignal } from "../kernel/clock.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import { CredentialUnavailableError, type RefreshError, type UnavailableReason } from "./ports.ts";

/** What has an end: a token, or a credential. Epoch ms. */
export interface Ending {
  readonly expiresAt: number;
}

export interface RenewalsOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** How many keys that have a value are remembered, and as many again that never had one; the least recently used goes first. Default 256. */
  readonly max?: number;
  /** Of fetching one value, whoever waits for it, in ms; default 10,000. */
  readonly deadlineMs?: number;
  readonly onFetched?: (key: string, fetched: Fetched) => void;
}

/** A value was fetched, or could not be. */
export interface Fetched {
  /** Why not. */
  readonly failure?: CredentialUnavailableError;
  readonly tookMs: number;
  /** It went the other way the last time; of a first one: it failed. */
  readonly isNews: boolean;
}

/** What is known of one key. */
export interface Renewal<V extends Ending> {
  /** The last that was fetched; perhaps past its end. */
  readonly value?: V;
  /** Epoch ms. */
  readonly fetchedAt?: number;
  readonly lastError?: RefreshError;
  /** The last attempt failed. */
  readonly failure?: CredentialUnavailableError;
}

interface Entry<V extends Ending> {
  value: V | undefined;
  fetchedAt: number;
  /** From when on a new one is fetched beside the old one. */
  refreshAt: number;
  failure: CredentialUnavailableError | undefined;
  lastError: RefreshError | undefined;
  /** Epoch ms before which nobody is asked again. */
  holdUntil: number;
}

const mostKeys = 256;
const fetchDeadlineMs = 10_000;
/** A value is not served so shortly before its end: a request takes its time. The least of the two, in ms and as a part of its life. */
const marginMs = 30_000;
const marginShare = 0.05;
/** Between these parts of its life a new one is fetched (registry-auth.md 3.3: at 80 %, with jitter, so that replicas do not ask as one). */
const [earliestRefresh, latestRefresh] = [0.7, 0.8];
/** After a failure nobody is asked for so long, in ms: what may be over in a moment, what somebody has to mend, and the most for either and for `Retry-After`. */
const transientHoldMs = 500;
const refusedHoldMs = 10_000;
const longestHoldMs = 300_000;
const throttledHoldMs = 5000;
/** A refused value that is younger is not fetched anew: a registry that refuses everything must not make us ask for tokens at its pace. In ms. */
const youngMs = 60_000;

/**
 * Values that end and are fetched again: once however many ask, ahead of their end, and never served past it. While a refresh fails the old one is served for
 * as long as it is good. There are no timers: who asks late in the life of a value starts the refresh, and does not wait for it.
 */
export class Renewals<V extends Ending> {
  readonly #options: RenewalsOptions;
  readonly #valued: LRUCache<string, Entry<V>>;
  /** Apart: whoever starts pods can have any number of registries asked, and must not push out what is good with those that refuse. */
  readonly #valueless: LRUCache<string, Entry<V>>;
  // A mint that nobody waits for any more is worth its end: the next one who asks finds it done.
  readonly #flights = new SingleFlight<string, V>({ keepGoing: true });

  constructor(options: RenewalsOptions) {
    this.#options = options;
    const max = options.max ?? mostKeys;
    this.#valued = new LRUCache({ max });
    this.#valueless = new LRUCache({ max });
  }

  /** @throws CredentialUnavailableError, or the signal's reason */
  async get(key: string, fetch: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
    signal.throwIfAborted();
    const now = this.#options.clock.now();
    const entry = this.#entry(key);
    if (entry?.value !== undefined && now < usableUntil(entry)) {
      if (now >= entry.refreshAt && now >= entry.holdUntil) this.#refreshBeside(key, fetch);
      return entry.value;
    }
    if (entry?.failure !== undefined && now < entry.holdUntil) throw entry.failure;
    return await this.#fetch(key, fetch, signal);
  }

  /** `isRefused` tells the value that somebody refused. A newer one, or undefined where there is none and none may be fetched yet. */
  async renew(
    key: string,
    { isRefused, fetch }: { readonly isRefused: (value: V) => boolean; readonly fetch: (signal: AbortSignal) => Promise<V> },
    signal: AbortSignal,
  ): Promise<V | undefined> {
    signal.throwIfAborted();
    const now = this.#options.clock.now();
    const entry = this.#entry(key);
    if (entry?.value !== undefined) {
      if (!isRefused(entry.value) && now < usableUntil(entry)) return entry.value;
      if (now - entry.fetchedAt < youngMs) return undefined;
    }
    if (entry !== undefined && now < entry.holdUntil) return undefined;
    return await this.#fetch(key, fetch, signal);
  }

  /** Of every key that is remembered. */
  known(): ReadonlyMap<string, Renewal<V>> {
    const known = new Map<string, Renewal<V>>();
    for (const [key, { value, fetchedAt, lastError, failure }] of [...this.#valued.entries(), ...this.#valueless.entries()]) {
      known.set(key, {
        ...(value !== undefined && { value, fetchedAt }),
        ...(lastError !== undefined && { lastError }),
        ...(failure !== undefined && { failure }),
      });
    }
    return known;
  }

  #entry(key: string): Entry<V> | undefined {
    return this.#valued.get(key) ?? this.#valueless.get(key);
  }

  #refreshBeside(key: string, fetch: (signal: AbortSignal) => Promise<V>): void {
    // What becomes of it stands in the entry.
    this.#fetch(key, fetch, new AbortController().signal).catch(() => {});
  }

  async #fetch(key: string, fetch: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
    const { clock, deadlineMs } = this.#options;
    return await this.#flights.run(
      key,
      async (own) => {
        using deadline = clock.deadline(deadlineMs ?? fetchDeadlineMs, own);
        const startedAt = clock.monotonic();
        try {
          // An SDK that does not listen to the signal must not hold up everybody who comes after.
          const value = await raceSignal(fetch(deadline.signal), deadline.signal);
          if (value.expiresAt <= clock.now())
            throw new CredentialUnavailableError(
              "CredentialExpired",
              "What was fetched has expired already; compare the clocks of both sides",
            );
          this.#succeeded(key, value, clock.monotonic() - startedAt);
          return value;
        } catch (error) {
          const failure = toUnavailable(error, { isLate: deadline.signal.aborted, deadlineMs: deadlineMs ?? fetchDeadlineMs });
          this.#failed(key, failure, clock.monotonic() - startedAt);
          throw failure;
        }
      },
      signal,
    );
  }

  #succeeded(key: string, value: V, tookMs: number): void {
    const { clock, random, onFetched } = this.#options;
    const now = clock.now();
    const life = value.expiresAt - now;
    const before = this.#entry(key)?.lastError;
    const isNews = before !== undefined && before.resolvedTime === undefined;
    const lastError = isNews ? { ...before, resolvedTime: now } : before;
    this.#valueless.delete(key);
    this.#valued.set(key, {
      value,
      fetchedAt: now,
      refreshAt: now + life * (earliestRefresh + (latestRefresh - earliestRefresh) * random()),
      failure: undefined,
      lastError,
      holdUntil: 0,
    });
    onFetched?.(key, { tookMs, isNews });
  }

  #failed(key: string, failure: CredentialUnavailableError, tookMs: number): void {
    const now = this.#options.clock.now();
    const before = this.#entry(key);
    const run = before?.lastError?.resolvedTime === undefined ? before?.lastError : undefined;
    const count = (run?.count ?? 0) + 1;
    const isServed = before?.value !== undefined && now < usableUntil(before);
    (before?.value === undefined ? this.#valueless : this.#valued).set(key, {
      value: before?.value,
      fetchedAt: before?.fetchedAt ?? 0,
      refreshAt: before?.refreshAt ?? 0,
      failure,
      lastError: { class: failure.class, message: failure.message, firstTime: run?.firstTime ?? now, time: now, count },
      holdUntil: now + holdMs(failure, { now, count, isServed }),
    });
    this.#options.onFetched?.(key, { failure, tookMs, isNews: run === undefined });
  }
}

/** Epoch ms. */
function usableUntil({ value, fetchedAt }: { readonly value: Ending | undefined; readonly fetchedAt: number }): number {
  if (value === undefined) return 0;
  return value.expiresAt - Math.min(marginMs, (value.expiresAt - fetchedAt) * marginShare);
}

const transient: ReadonlySet<UnavailableReason> = new Set(["IdentityUnreachable"]);

function holdMs(
  { reason, retryAt }: CredentialUnavailableError,
  { now, count, isServed }: { readonly now: number; readonly count: number; readonly isServed: boolean },
): number {
  if (retryAt !== undefined) return Math.min(Math.max(retryAt - now, transientHoldMs), longestHoldMs);
  if (reason === "Throttled") return throttledHoldMs;
  if (!transient.has(reason)) return refusedHoldMs;
  // Nobody waits for a refresh beside a value that is good: it can take longer pauses.
  return isServed ? Math.min(transientHoldMs * 2 ** Math.min(count, 10), longestHoldMs / 5) : transientHoldMs;
}

function toUnavailable(error: unknown, late: { readonly isLate: boolean; readonly deadlineMs: number }): CredentialUnavailableError {
  if (error instanceof CredentialUnavailableError) return error;
  if (late.isLate) return new CredentialUnavailableError("IdentityUnreachable", `No credential was given within ${late.deadlineMs} ms`);
  // A defect of ours, or of a library: its own text may hold anything.
  return new CredentialUnavailableError("IdentityUnreachable", "The credential could not be fetched, for a reason that is not known");
}
