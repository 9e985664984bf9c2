import { LRUCache } from "lru-cache";
import { mayBe, printType } from "./cel-type.ts";
import type { CelEnvironment, CelLibrary, ParsedExpression } from "./cel.ts";
import { checkTypes } from "./checker.ts";
import { createEnvironment, TextBudget } from "./environment.ts";
import { type Defect, type Problem, skipSpace, toProblem } from "./problem.ts";
import { Program } from "./program.ts";
import { findSyntaxDefect } from "./syntax.ts";
import { variables } from "./variables.ts";

/** As in the schema of Policy; of a text that came another way. */
const longestExpression = 2048;

/** Answers that are remembered: a policy is compiled again whenever something near it changes. */
const rememberedAnswers = 1024;

/** Whether an expression can be evaluated. */
export type Compilation = { readonly ok: true } | ({ readonly ok: false } & Problem);

/** Reads expressions of policies: synchronous, and below some 30 ms whatever it is given. */
export class ExpressionCompiler {
  readonly #cel: CelLibrary;
  readonly #environment: CelEnvironment;
  readonly #budget = new TextBudget();
  readonly #answers = new LRUCache<string, Compilation>({ max: rememberedAnswers });

  /** Use `loadCel()`. */
  constructor(cel: CelLibrary) {
    this.#cel = cel;
    this.#environment = createEnvironment(cel, this.#budget);
  }

  /** Checks syntax, names and types. */
  compile(text: string): Compilation {
    if (text.length > longestExpression) return this.#compile(text);
    const answer = this.#answers.get(text) ?? this.#compile(text);
    this.#answers.set(text, answer);
    return answer;
  }

  /** The same, for evaluation: in a worker, since it may take long. */
  program(text: string): Program | ({ readonly ok: false } & Problem) {
    const parsed = this.#parse(text);
    if ("message" in parsed) return { ok: false, ...toProblem(text, parsed) };
    return new Program({ cel: this.#cel, environment: this.#environment, budget: this.#budget, text, parsed });
  }

  #compile(text: string): Compilation {
    const parsed = this.#parse(text);
    return "message" in parsed ? { ok: false, ...toProblem(text, parsed) } : { ok: true };
  }

  #parse(text: string): ParsedExpression | Defect {
    if (text.length > longestExpression) return { offset: 0, message: `is longer than ${longestExpression} characters` };
    const defect = findSyntaxDefect(text);
    if (defect !== undefined) return defect;
    try {
      const parsed = this.#cel.parse(`${text}\n`); // the grammar wants a comment to end in a line feed
      const type = checkTypes(parsed, { environment: this.#environment, variables });
      if ("message" in type) return { ...type, offset: skipSpace(text, type.offset) };
      return mayBe(type, "bool") ? parsed : { offset: 0, message: `gives a value of type ${printType(type)}, and has to give bool` };
    } catch (error) {
      // The recursive parser at the end of its stack, in whatever shape it throws that.
      if (error instanceof RangeError || error instanceof SyntaxError) return { offset: 0, message: "nests too deeply" };
      return { offset: offsetOf(error), message: "syntax error" };
    }
  }
}

/** Where the library's parser gave up; a `ParseError`, which it does not export. */
function offsetOf(error: unknown): number {
  const { location } = error as { readonly location?: { readonly start?: { readonly offset?: unknown } } };
  const offset = location?.start?.offset;
  return typeof offset === "number" ? offset : 0;
}
