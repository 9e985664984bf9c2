/** Time as a dependency: everything that waits or dates takes one, so that tests advance it by hand. */
export interface Clock {
  /** Wall clock, epoch milliseconds: for dates that leave the process and for expiries that came from outside. */
  now(): number;
  /** Milliseconds from an arbitrary start, never set back: for durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A signal that aborts with a `TimeoutError` after `ms`, or with `parent`'s reason when that aborts first. Dispose it to free the timer. */
  deadline(ms: number, parent?: AbortSignal): Deadline;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Calls `fire` once after `ms`, unless it is disposed of before; `of` says what waits. */
export type StartTimer = (ms: number, fire: () => void, of: "sleep" | "deadline") => Disposable;

/** What every clock makes of its timers. */
export function timed(start: StartTimer): Pick<Clock, "sleep" | "deadline"> {
  return {
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = (): void => {
          timer[Symbol.dispose]();
          reject(signal.reason as Error);
        };
        const fire = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        const timer = start(ms, fire, "sleep");
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    deadline: (ms, parent) => {
      const controller = new AbortController();
      const onParent = (): void => {
        timer[Symbol.dispose]();
        controller.abort(parent?.reason);
      };
      const fire = (): void => {
        parent?.removeEventListener("abort", onParent);
        controller.abort(new DOMException(`Deadline of ${ms} ms reached`, "TimeoutError"));
      };
      const timer = start(ms, fire, "deadline");
      if (parent?.aborted === true) onParent();
      else parent?.addEventListener("abort", onParent, { once: true });
      return {
        signal: controller.signal,
        [Symbol.dispose]: () => {
          timer[Symbol.dispose]();
          parent?.removeEventListener("abort", onParent);
        },
      };
    },
  };
}

/** Node refuses longer timers (2^31 - 1 ms) by firing at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  ...timed((ms, fire) => setTimeout(fire, Math.min(Math.max(ms, 0), longestTimerMs))),
};

/** `clock` with a wall clock that stands at `at`, epoch ms: several things are dated alike, and wait as ever. */
export function standingClock(clock: Clock, at: number): Clock {
  return {
    now: () => at,
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    deadline: (ms, parent) => clock.deadline(ms, parent),
  };
}

/** Lets timers and sockets have their turn: whoever loops over what others made calls it now and then, or no deadline would ever strike. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Rejects with the signal's reason as soon as it aborts, even where `work` itself does not listen; `work` then goes on unobserved. */
export async function raceSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Attached before anything can throw: work that rejects later must not become an unhandled rejection.
  work.catch(() => {});
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
