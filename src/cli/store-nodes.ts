import { type Failure, remedies } from "../api/error-class.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import type { ReportStyle } from "./report-style.ts";
import type { TreeNode } from "./tree.ts";

/** What became of a Store, in words. */
export interface StoreState {
  readonly text: string;
  readonly sign: "yes" | "no" | "unknown" | "skipped";
  readonly tone: Tone;
}

/** In every tree the same. */
export const notAwaited: StoreState = { text: "had not answered when the time was up", sign: "unknown", tone: "doubtful" };
export const notAsked: StoreState = { text: "not asked", sign: "skipped", tone: "faint" };

/** A Store, where it read, what became of it, and below that what went wrong and what is to be done about it. */
export function storeNode(
  store: { readonly name: string; readonly at: string | undefined; readonly state: StoreState; readonly failures: readonly Failure[] },
  told: string,
  { paint, glyphs }: ReportStyle,
): TreeNode {
  const { name, at, state, failures } = store;
  const where = at === undefined ? "" : ` at ${printable(at)}`;
  return {
    text: `${paint(state.tone, glyphs[state.sign])} ${printable(name)}${where}: ${told}`,
    lines: failures.flatMap(({ class: errorClass, message }) => [
      `${paint("bad", errorClass)}: ${printable(message)}`,
      paint("faint", `what to do: ${remedies[errorClass]}`),
    ]),
  };
}
