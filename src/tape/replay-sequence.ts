import type { Clock } from "../kernel/clock.ts";
import { Content } from "./content.ts";
import { type Answer, toError } from "./outcome.ts";
import { CallNames, describeSafely, rest, type Sequence, started, stopCall } from "./sequence.ts";
import type { Outcome, Tape, TapeEvent } from "./tape.ts";

/** Something that is found out again, and given back when the recording says so. */
interface Again {
  /** Absent while it is being found out. */
  settled?: { readonly result: string; readonly act: () => void };
}

export interface ReplayOptions {
  /** The real one, for `patienceMs` only. */
  readonly clock: Clock;
  /** How long a Verifier or an expression is waited for while nothing else happens, in ms. */
  readonly patienceMs: number;
}

/** Turns of the event loop in which an engine that was told to stop comes to its end; it needs a few. */
const mostTurnsToEnd = 200;
/** Of different results: the rest is not told. */
const mostDifferences = 100;

/**
 * Lets the recorded things come in the recorded order. Calls are told apart by name, not by position: an engine that asks in another order than the one that was
 * recorded gets the same answers as early as the recording had them; what was never answered then never is.
 */
export class ReplaySequence implements Sequence {
  readonly content: Content;
  readonly differences: string[] = [];
  readonly #options: ReplayOptions;
  readonly #events: readonly TapeEvent[];
  readonly #names = new CallNames();
  readonly #stop = new AbortController();
  /** Calls that wait for their event. */
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly #again = new Map<string, Again>();
  /** Events that came before their call. */
  readonly #early = new Map<string, Outcome>();
  #working = 0;
  #changed = Promise.withResolvers<void>();
  #elapsedMs = 0;
  #isImpatient = false;
  #isOver = false;

  constructor({ events, content }: Pick<Tape, "events" | "content">, options: ReplayOptions) {
    this.#events = events;
    this.content = new Content(content);
    this.#options = options;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** Aborts when the recording says that the caller's patience ended, or when it has nothing more to say. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  name(text: string): string {
    return this.#names.next(text);
  }

  answer(call: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#wait(call, (outcome) => {
      const error = toError(outcome);
      if (error !== undefined) reject(error);
      // The wrappers refuse what answers another question.
      else resolve(outcome as Answer);
    });
    return promise;
  }

  again<T>(call: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const again: Again = {};
    this.#again.set(call, again);
    const settle = (result: string, act: () => void): void => {
      again.settled = { result, act };
      this.#working -= 1;
      this.#change();
      if (this.#early.has(call)) void rest().then(() => this.#giveBack(call));
    };
    this.#working += 1;
    this.#change();
    started(work).then(
      (value) => settle(describeSafely(value, describe), () => resolve(value)),
      (error: unknown) => settle("failed", () => reject(error)),
    );
    return promise;
  }

  timer(call: string, _ms: number, fire: () => void): Disposable {
    this.#wait(call, (outcome) => {
      if (outcome.type === "fired") fire();
    });
    return { [Symbol.dispose]: () => void this.#waiting.delete(call) };
  }

  /** Plays everything until `isDone`. Rejects with `signal`'s reason; false if there is still no end when everything has been played. */
  async play(isDone: () => boolean, signal: AbortSignal): Promise<boolean> {
    for (const event of this.#events) {
      await rest();
      signal.throwIfAborted();
      if (isDone()) return true;
      this.#elapsedMs = Math.max(this.#elapsedMs, event.at);
      await this.#let(event, signal);
    }
    await rest();
    if (!isDone()) this.#end();
    for (let turn = 0; turn < mostTurnsToEnd && !isDone(); turn += 1) await rest();
    return isDone();
  }

  async #let({ call, outcome }: TapeEvent, signal: AbortSignal): Promise<void> {
    if (call === stopCall) this.#stop.abort(toError(outcome));
    else if (outcome.type === "found") {
      this.#early.set(call, outcome);
      if (await this.#isFound(call, signal)) this.#giveBack(call);
    } else {
      const wait = this.#waiting.get(call);
      if (wait === undefined) this.#early.set(call, outcome);
      this.#waiting.delete(call);
      wait?.(outcome);
    }
  }

  #wait(call: string, take: (outcome: Outcome) => void): void {
    const early = this.#early.get(call);
    if (early !== undefined) void rest().then(() => take(early));
    else if (this.#isOver) void rest().then(() => take({ type: "stopped", name: "AbortError" }));
    else this.#waiting.set(call, take);
  }

  /** Whether it has been found out again; waits for that as long as anything is being found out at all, for this may depend on that. */
  async #isFound(call: string, signal: AbortSignal): Promise<boolean> {
    while (this.#again.get(call)?.settled === undefined) {
      if (this.#working === 0) await rest();
      if (this.#again.get(call)?.settled !== undefined) return true;
      if (this.#working === 0 || this.#isImpatient) return false;
      await this.#waitForChange(signal);
    }
    return true;
  }

  async #waitForChange(signal: AbortSignal): Promise<void> {
    using patience = this.#options.clock.deadline(this.#options.patienceMs, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      this.#isImpatient = true;
      resolve();
    };
    patience.signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([this.#changed.promise, promise]);
    patience.signal.removeEventListener("abort", onAbort);
    signal.throwIfAborted();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #giveBack(call: string): void {
    const settled = this.#again.get(call)?.settled;
    const recorded = this.#early.get(call);
    if (settled === undefined || recorded === undefined) return;
    this.#early.delete(call);
    if (recorded.type === "found" && recorded.result !== settled.result && this.differences.length < mostDifferences)
      this.differences.push(`${call}: was "${recorded.result}" and is "${settled.result}"`);
    settled.act();
  }

  /** There is nothing more to come: whoever still waits is told so, and the engine that it has to answer. */
  #end(): void {
    this.#isOver = true;
    this.#stop.abort(new DOMException("The recording ends here", "TimeoutError"));
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const take of waiting) take({ type: "stopped", name: "AbortError" });
  }
}
