import type { Clock, Deadline } from "../kernel/clock.ts";
import { Content } from "./content.ts";
import { type Answer, stopOf, toError, toRefusal } from "./outcome.ts";
import { CallNames, describeSafely, rest, type Sequence, started, stopCall } from "./sequence.ts";
import type { Outcome, TapeEvent } from "./tape.ts";

interface Delivery {
  readonly call: string;
  readonly outcome: Outcome;
  readonly act: () => void;
  /** Asked when its turn has come: a timer may have been disposed by then. */
  readonly isWanted: () => boolean;
}

const always = (): boolean => true;

/** Lets everything through as it comes, one after the other, and writes it down. */
export class RecordSequence implements Sequence {
  readonly content: Content = new Content();
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #names = new CallNames();
  readonly #events: TapeEvent[] = [];
  readonly #queue: Delivery[] = [];
  #isDelivering = false;
  #isClosed = false;
  #elapsedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  name(text: string): string {
    return this.#names.next(text);
  }

  answer(call: string, work: () => Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const deliver = (answer: Answer): void =>
      this.#enqueue({
        call,
        outcome: answer,
        act: () => {
          const error = toError(answer);
          if (error === undefined) resolve(answer);
          else reject(error);
        },
        isWanted: always,
      });
    started(work).then(deliver, (error: unknown) => deliver(toRefusal(error)));
    return promise;
  }

  again<T>(call: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const deliver = (result: string, act: () => void): void =>
      this.#enqueue({ call, outcome: { type: "found", result }, act, isWanted: always });
    started(work).then(
      (value) => deliver(describeSafely(value, describe), () => resolve(value)),
      (error: unknown) => deliver("failed", () => reject(error)),
    );
    return promise;
  }

  timer(call: string, ms: number, fire: () => void): Disposable {
    let isOver = false;
    const deadline = this.#clock.deadline(ms);
    const due = (): void => this.#enqueue({ call, outcome: { type: "fired" }, act: fire, isWanted: () => !isOver });
    deadline.signal.addEventListener("abort", due, { once: true });
    return {
      [Symbol.dispose]: () => {
        isOver = true;
        deadline.signal.removeEventListener("abort", due);
        deadline[Symbol.dispose]();
      },
    };
  }

  /** The caller's signal, as something that comes like everything else. */
  stop(signal: AbortSignal): Deadline {
    const controller = new AbortController();
    const onAbort = (): void => {
      const outcome = stopOf(signal.reason) ?? ({ type: "stopped", name: "AbortError" } as const);
      this.#enqueue({ call: stopCall, outcome, act: () => controller.abort(toError(outcome)), isWanted: always });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    return { signal: controller.signal, [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
  }

  /** What came until now; nothing that comes later is part of it, or does anything. */
  close(): readonly TapeEvent[] {
    this.#isClosed = true;
    this.#queue.length = 0;
    return this.#events;
  }

  #enqueue(delivery: Delivery): void {
    if (this.#isClosed) return;
    this.#queue.push(delivery);
    if (!this.#isDelivering) void this.#deliverAll();
  }

  async #deliverAll(): Promise<void> {
    this.#isDelivering = true;
    while (this.#queue.length > 0) {
      await rest();
      const delivery = this.#queue.shift();
      if (delivery?.isWanted() === true) this.#deliver(delivery);
    }
    this.#isDelivering = false;
  }

  #deliver({ call, outcome, act }: Delivery): void {
    // A thousandth of a millisecond is enough, and what is written down is exactly the time that the engine sees.
    const now = Math.round((this.#clock.monotonic() - this.#startedAt) * 1000) / 1000;
    this.#elapsedMs = Math.max(this.#elapsedMs, now);
    this.#events.push({ at: this.#elapsedMs, call, outcome });
    act();
  }
}
