import type { ExpressionInput } from "../api/expression.ts";
import { toBindings } from "./bindings.ts";
import type { CelEnvironment, CelLibrary, Node, ParsedExpression } from "./cel.ts";
import type { TextBudget } from "./environment.ts";
import { printFunction } from "./overloads.ts";
import { positionOf, quoted, skipSpace } from "./problem.ts";

/** What an evaluation came to. Plain data: it crosses from a worker. `message` is one line and has no value of the input in it. */
export type Answer =
  | { readonly ok: true; readonly value: boolean }
  | { readonly ok: false; readonly code: "EXPRESSION_FAILED" | "EXPRESSION_NOT_BOOLEAN" | "EXPRESSION_INVALID"; readonly message: string };

/** The fixed point of {@link Answer} in a program: everything that evaluating needs. */
export interface ProgramParts {
  readonly cel: CelLibrary;
  readonly environment: CelEnvironment;
  readonly budget: TextBudget;
  readonly text: string;
  readonly parsed: ParsedExpression;
}

/** A compiled expression: evaluated any number of times, each time anew. */
export class Program {
  readonly #parts: ProgramParts;
  readonly #run: (bindings: Readonly<Record<string, unknown>>) => unknown;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
    // The library types bindings by declared variables; ours are checked in checker.ts.
    this.#run = parts.cel.plan(parts.environment, parts.parsed) as (bindings: Readonly<Record<string, unknown>>) => unknown;
  }

  evaluate(input: ExpressionInput): Answer {
    const { cel, budget } = this.#parts;
    budget.reset();
    const value = this.#run(toBindings(input));
    // Even where `||` made something of the failure: what it makes depends on how much had been built before.
    if (budget.isExceeded) return failed("the expression builds more text than it may (4 MiB)");
    if (cel.isCelError(value)) return failed(this.#explain(value.exprId));
    if (typeof value !== "boolean")
      return { ok: false, code: "EXPRESSION_NOT_BOOLEAN", message: `the expression gives ${nameOf(value)}, and has to give true or false` };
    return { ok: true, value };
  }

  /** By the place alone: the library's messages quote values. */
  #explain(id: bigint | undefined): string {
    const { text, parsed } = this.#parts;
    // Only arithmetic fails without saying where.
    if (id === undefined) return "a division by zero, or a number out of range";
    const offset = parsed.sourceInfo?.positions[String(id)] ?? 0;
    const { line, column } = positionOf(text, skipSpace(text, offset));
    return `${describe(parsed.expr, id)} (line ${line}, column ${column})`;
  }
}

function failed(message: string): Answer {
  return { ok: false, code: "EXPRESSION_FAILED", message };
}

function nameOf(value: unknown): string {
  return typeof value === "string" ? "text" : typeof value === "bigint" || typeof value === "number" ? "a number" : "something else";
}

/** What can have failed at a node. A look-up by `[]` fails at the node that it looks into, or at the name before its fields. */
function describe(root: Node, id: bigint): string {
  let found: string | undefined; // of a look-up and what it looks into, the look-up, which comes first
  for (const { id: at, exprKind } of nodesOf(root)) {
    if (exprKind.case === "callExpr" && exprKind.value.function === "_[_]" && exprKind.value.args[0]?.id === id)
      found = "no such key or entry";
    if (at !== id) continue;
    if (exprKind.case === "identExpr") found = `no such key or entry in ${quoted(exprKind.value.name)}`;
    if (exprKind.case === "selectExpr") found ??= `no field ${quoted(exprKind.value.field)}`;
    if (exprKind.case === "callExpr") found ??= `${quoted(printFunction(exprKind.value.function))} cannot be applied to these values`;
    if (exprKind.case === "comprehensionExpr") found ??= "this is no list or map";
  }
  return found ?? "it cannot be evaluated";
}

/** Parents before their children. */
function* nodesOf(root: Node): Generator<Node> {
  const waiting: (Node | undefined)[] = [root];
  for (let node = waiting.pop(); waiting.length > 0 || node !== undefined; node = waiting.pop()) {
    if (node === undefined) continue;
    yield node;
    waiting.push(...childrenOf(node));
  }
}

function childrenOf({ exprKind }: Node): readonly (Node | undefined)[] {
  switch (exprKind.case) {
    case "selectExpr":
      return [exprKind.value.operand];
    case "callExpr":
      return [exprKind.value.target, ...exprKind.value.args];
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [keyKind.case === "mapKey" ? keyKind.value : undefined, value]);
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    case "constExpr":
    case "identExpr":
    case undefined:
      return [];
  }
}
