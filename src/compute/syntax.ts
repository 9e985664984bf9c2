import { type Defect, quoted } from "./problem.ts";
import { type Token, tokenize } from "./token.ts";

/** Brackets deeper than this are refused before the library's recursive parser sees them; its stack lasts for some 400. */
const deepestNesting = 64;

const reserved: ReadonlySet<string> = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const binary: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%"]);
const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** What may come next. */
type Expected = "value" | "operator" | "field";

/**
 * The first place at which this cannot be an expression, as people see it: the library's parser tries alternatives and names the place where the last of
 * them began. What passes may still be none; the parser has the last word, and everything that it takes passes (a property test).
 */
export function findSyntaxDefect(text: string): Defect | undefined {
  const tokens = tokenize(text);
  if ("message" in tokens) return tokens;
  const open: Token[] = [];
  let expected: Expected = "value";
  for (const [index, token] of tokens.entries()) {
    const next = step({ token, previous: tokens[index - 1], open, expected });
    if (typeof next !== "string") return next;
    if (open.length > deepestNesting) return { offset: token.offset, message: `nests deeper than ${deepestNesting} levels` };
    expected = next;
  }
  return undefined;
}

interface State {
  readonly token: Token;
  readonly previous: Token | undefined;
  /** Brackets, and `?` that waits for its `:`. */
  readonly open: Token[];
  readonly expected: Expected;
}

function step(state: State): Expected | Defect {
  switch (state.expected) {
    case "value":
      return valueStep(state);
    case "operator":
      return operatorStep(state);
    case "field":
      return state.token.kind === "name" ? "operator" : wrong(state.token, 'a name after "."');
  }
}

function valueStep({ token, previous, open }: State): Expected | Defect {
  const afterOpener = previous !== undefined && Object.values(closers).includes(previous.text);
  switch (token.kind) {
    case "number":
    case "string":
      return "operator";
    case "name":
      if (token.text === "in") return wrong(token, "a value");
      return reserved.has(token.text) ? reservedWord(token) : "operator";
    case "end":
      return afterOpener ? unclosed(previous) : wrong(token, "a value");
    case "operator":
      break;
  }
  if (token.text === "-" || token.text === "!") return "value";
  if (token.text === ".") return "field";
  if (token.text === "(" || token.text === "[" || token.text === "{") {
    open.push(token);
    return "value";
  }
  const mayEnd = afterOpener || previous?.text === ",";
  if (token.text === "," && afterOpener) return "value"; // `[,]` is an empty list
  return closers[token.text] !== undefined && mayEnd ? close(token, open) : wrong(token, "a value");
}

function operatorStep({ token, previous, open }: State): Expected | Defect {
  const top = open.at(-1);
  if (token.kind === "end") return top === undefined ? "operator" : unclosed(top);
  if (token.kind === "name" && token.text === "in") return "value";
  if (token.kind !== "operator" || token.text === "!") return wrong(token, "an operator");
  if (binary.has(token.text)) return "value";
  switch (token.text) {
    case ".":
      return "field";
    case "(":
    case "{":
      if (previous?.kind !== "name") return wrong(token, "an operator");
      open.push(token);
      return "value";
    case "?":
    case "[":
      open.push(token);
      return "value";
    case ":":
      if (top?.text === "?") open.pop();
      else if (top?.text !== "{") return wrong(token, "an operator");
      return "value";
    case ",":
      if (top === undefined) return wrong(token, "an operator");
      return top.text === "?" ? unclosed(top) : "value";
    default:
      return close(token, open);
  }
}

function close(token: Token, open: Token[]): Expected | Defect {
  const top = open.at(-1);
  if (top === undefined) return { offset: token.offset, message: `"${token.text}" closes nothing` };
  if (top.text === "?") return unclosed(top);
  if (top.text !== closers[token.text]) return { offset: token.offset, message: `"${token.text}" does not close "${top.text}"` };
  open.pop();
  return "operator";
}

function unclosed({ text, offset }: Token): Defect {
  return { offset, message: text === "?" ? '"?" has no ":"' : `"${text}" is not closed` };
}

function wrong({ kind, text, offset }: Token, expected: string): Defect {
  return { offset, message: `expected ${expected}, found ${kind === "end" ? "the end" : quoted(text)}` };
}

function reservedWord({ text, offset }: Token): Defect {
  const instead = text === "namespace" ? "; the variable is called namespaceObject" : "";
  return { offset, message: `"${text}" is a reserved word${instead}` };
}
