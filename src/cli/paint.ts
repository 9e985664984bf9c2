import type { CliOutput } from "./ports.ts";

export type Tone = "good" | "bad" | "doubtful" | "faint" | "strong";
/** ECMA-48 SGR codes. */
const codes: { readonly [T in Tone]: number } = { good: 32, bad: 31, doubtful: 33, faint: 2, strong: 1 };

/** Puts already escaped text in a colour; returns it as it is where colour is not wanted. */
export type Paint = (tone: Tone, text: string) => string;

export const plain: Paint = (_, text) => text;

/** Colour exactly on a terminal that was not told otherwise (`NO_COLOR`). */
export function paintFor(output: CliOutput): Paint {
  return (output.colour ?? output.isTerminal) ? (tone, text) => `\u001b[${codes[tone]}m${text}\u001b[0m` : plain;
}
