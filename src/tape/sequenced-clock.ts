import type { Clock } from "../kernel/clock.ts";
import type { Sequence } from "./sequence.ts";

/** The time of a sequence: it moves only when something comes, and every timer that goes off is something that comes. */
export function sequencedClock(sequence: Sequence, startTime: number): Clock {
  return {
    now: () => startTime + Math.floor(sequence.elapsedMs),
    monotonic: () => sequence.elapsedMs,
    sleep: (ms, signal) => sleep(sequence, ms, signal),
    deadline: (ms, parent) => {
      const controller = new AbortController();
      const onParent = (): void => {
        timer[Symbol.dispose]();
        controller.abort(parent?.reason);
      };
      const timer = sequence.timer(sequence.name("deadline"), ms, () => {
        parent?.removeEventListener("abort", onParent);
        controller.abort(new DOMException(`Deadline of ${ms} ms reached`, "TimeoutError"));
      });
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

async function sleep(sequence: Sequence, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => {
    timer[Symbol.dispose]();
    reject(signal.reason as Error);
  };
  const timer = sequence.timer(sequence.name("sleep"), ms, () => {
    signal.removeEventListener("abort", onAbort);
    resolve();
  });
  signal.addEventListener("abort", onAbort, { once: true });
  await promise;
}
