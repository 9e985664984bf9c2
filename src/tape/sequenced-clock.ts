import { type Clock, timed } from "../kernel/clock.ts";
import type { Sequence } from "./sequence.ts";

/** The time of a sequence: it moves only when something comes, and every timer that goes off is something that comes. */
export function sequencedClock(sequence: Sequence, startTime: number): Clock {
  return {
    now: () => startTime + Math.floor(sequence.elapsedMs),
    monotonic: () => sequence.elapsedMs,
    ...timed((ms, fire, of) => sequence.timer(sequence.name(of), ms, fire)),
  };
}
