import { echo } from "../oci/parsed.ts";
import type { CelRule } from "./schema.ts";

/**
 * One way for a text to be wrong: `shape` matches it (or, negated, does not). RE2 and JavaScript must read the shape alike: no look-around,
 * no `\d`, no flags.
 */
export interface Clause {
  readonly shape: string;
  readonly negated?: true;
  /** What also matches this is not wrong in this way. */
  readonly unless?: string;
  /** Follows the quoted text; `{before}` suggests the text up to there instead of what was written. */
  readonly detail: string | Suggestion;
}
interface Suggestion {
  readonly lead: string;
  readonly before: string;
}

/** The CEL rule that reports the first clause that applies. `message` is for texts that CEL cannot quote (a newline drops the expression). */
export function textRule(clauses: readonly Clause[], options: { readonly message: string; readonly except?: string }): CelRule {
  const guard = options.except === undefined ? [] : [`self == ${quote(options.except)}`];
  const holds = clauses.map((clause) => condition(clause, "holds")).join("\n&& ");
  const rule = guard.length === 0 ? holds : `${guard.join()} || (\n${holds})`;
  const details = clauses.slice(0, -1).map((clause) => `${condition(clause, "applies")} ? ${detail(clause)} :`);
  const otherwise = clauses.slice(-1).map(detail);
  return {
    rule,
    message: options.message,
    messageExpression: `'"' + ${echoed("self")} + '" ' + (\n${[...details, ...otherwise].join("\n")})`,
  };
}

/** What {@link textRule} would say of `text`, or undefined where it holds. */
export function judgeText(clauses: readonly Clause[], text: string): string | undefined {
  const clause = clauses.find((clause) => applies(clause, text));
  if (clause === undefined) return undefined;
  const { detail } = clause;
  const said = typeof detail === "string" ? detail : `${detail.lead}"${echo(text.slice(0, text.indexOf(detail.before)))}"`;
  return `"${echo(text)}" ${said}`;
}

/** A CEL string literal. Raw, so that a shape stands there as it does here. */
export function quote(text: string): string {
  return text.includes("'") ? JSON.stringify(text) : `r'${text}'`;
}

function applies({ shape, negated, unless }: Clause, text: string): boolean {
  const matches = (pattern: string): boolean => new RegExp(pattern, "u").test(text);
  return matches(shape) !== (negated === true) && (unless === undefined || !matches(unless));
}
function condition({ shape, negated, unless }: Clause, when: "holds" | "applies"): string {
  const positive = (when === "holds") === (negated === true);
  const wrong = `${positive ? "" : "!"}self.matches(${quote(shape)})`;
  if (unless === undefined) return wrong;
  return when === "holds" ? `(${wrong} || self.matches(${quote(unless)}))` : `(${wrong} && !self.matches(${quote(unless)}))`;
}
function detail({ detail }: Clause): string {
  if (typeof detail === "string") return quote(detail);
  return `${quote(detail.lead)} + '"' + ${echoed(`self.substring(0, self.indexOf(${quote(detail.before)}))`)} + '"'`;
}
/** The twin of oci's `echo` for printable ASCII. */
function echoed(text: string): string {
  return `(${text}.size() > 100 ? ${text}.substring(0, 97) + '...' : ${text})`;
}
