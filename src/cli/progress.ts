import type { CliOutput } from "./ports.ts";

/** A line on a terminal that says how far a command is, gone before anything else is written; nothing elsewhere. */
export class Progress implements Disposable {
  readonly #output: CliOutput;
  readonly #doing: string;
  readonly #total: number;
  #begun = 0;

  /** `doing`: `verifying`. */
  constructor(output: CliOutput, doing: string, total: number) {
    this.#output = output;
    this.#doing = doing;
    this.#total = total;
  }

  /** Work on one more has begun. */
  next(): void {
    this.#begun += 1;
    const cut = (this.#output.unicode ?? true) ? "…" : "...";
    const count = this.#total === 1 ? "" : ` ${this.#begun} of ${this.#total}`;
    this.#rewrite(`${this.#doing}${count}${cut}`);
  }

  [Symbol.dispose](): void {
    if (this.#begun > 0) this.#rewrite("");
  }

  /** CR, then EL to the end of the line (ECMA-48). */
  #rewrite(text: string): void {
    if (this.#output.isTerminal) this.#output.write(`\r\u001b[K${text}`);
  }
}
