import { nextTurn } from "../kernel/clock.ts";
import type { Content } from "./content.ts";
import type { Answer } from "./outcome.ts";

/**
 * The one door through which everything from outside reaches the engine, one thing after the other: answers of Stores, timers, what Verifiers and expressions
 * came to, and the end of the caller's patience. Between two of them the engine comes to rest. It does the same, therefore, whenever the same comes in the same
 * order: a recording writes that order down, a replay keeps to it. Both go through the same wrappers, which know no difference.
 */
export interface Sequence {
  /** Milliseconds after the start, as of what came last: the time stands still while the engine works. */
  readonly elapsedMs: number;
  readonly content: Content;
  /** `text`, and the how manieth call of that name it is. */
  name(text: string): string;
  /** What only the outside knows: in a replay `work` is not done, and the answer is the recorded one. Rejects with what the answer stands for. */
  answer(call: string, work: () => Promise<Answer>): Promise<Answer>;
  /** What can be found out again: `work` is done in a replay too, and only the moment is the recorded one. `describe` is for comparison. */
  again<T>(call: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T>;
  /** Calls `fire` after `ms`, unless it is disposed before. */
  timer(call: string, ms: number, fire: () => void): Disposable;
}

/** The engine itself gives way to others once in a while (engine/survey.ts): at most once between two entries, so that after two turns it rests. */
const turnsToRest = 2;

/** Until the engine has done everything that follows from what came last. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < turnsToRest; turn += 1) await nextTurn();
}

/** Numbers calls of the same name. */
export class CallNames {
  readonly #counts = new Map<string, number>();

  next(text: string): string {
    const count = (this.#counts.get(text) ?? 0) + 1;
    this.#counts.set(text, count);
    return `${text} #${count}`;
  }
}

/** The name of what ends a verification from outside. */
export const stopCall = "stop";

/** Whatever is thrown at once is a rejection too. */
export async function started<T>(work: () => Promise<T>): Promise<T> {
  return await work();
}

/** A plug-in may answer anything; to compare it is not worth an exception. */
export function describeSafely<T>(value: T, describe: (value: T) => string): string {
  try {
    return describe(value);
  } catch {
    // What it is says the engine.
    return "unreadable";
  }
}
