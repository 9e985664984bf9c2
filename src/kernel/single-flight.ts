import { raceSignal } from "./clock.ts";

interface Flight<V> {
  readonly result: Promise<V>;
  readonly controller: AbortController;
  riders: number;
  isOver: boolean;
}

/**
 * Runs one piece of work per key however many ask for it. The work never runs on one caller's signal: it has its own, which aborts
 * only when every rider has left (or never, with `keepGoing`, where the result is worth having anyway). Nothing is remembered after it ends.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();
  readonly #keepGoing: boolean;

  constructor(options: { readonly keepGoing?: boolean } = {}) {
    this.#keepGoing = options.keepGoing ?? false;
  }

  /** How many keys are being worked on. */
  get size(): number {
    return this.#flights.size;
  }

  async run(key: K, work: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.riders += 1;
    try {
      return await raceSignal(flight.result, signal);
    } finally {
      flight.riders -= 1;
      if (flight.riders === 0 && !flight.isOver && !this.#keepGoing) {
        // Whoever asks from here on starts anew: an abandoned flight is no answer.
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.controller.abort(new DOMException("Nobody waits for this any more", "AbortError"));
      }
    }
  }

  #start(key: K, work: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const controller = new AbortController();
    const result = Promise.resolve()
      .then(() => work(controller.signal))
      .finally(() => {
        flight.isOver = true;
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
    result.catch(() => {
      /* every rider has seen it through its own race; a rider that left must not make it an unhandled rejection */
    });
    const flight: Flight<V> = { result, controller, riders: 0, isOver: false };
    this.#flights.set(key, flight);
    return flight;
  }
}
