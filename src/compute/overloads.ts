import type { CelEnvironment } from "./cel.ts";
import { type CelType, dyn, join, listOf, mayBe, printType, typeNamed } from "./cel-type.ts";
import { nearestName } from "../api/nearest.ts";
import { quoted } from "./problem.ts";

/** What the parser makes of macros; called in another way than they take, they stay calls of a function that does not exist. */
const macros: Readonly<Record<string, string>> = {
  has: "has() takes a field, as in has(e.annotations.team)",
  all: "all() is called on a list with a name and a condition, as in evidence.all(e, e.verified)",
  exists: "exists() is called on a list with a name and a condition, as in evidence.exists(e, e.verified)",
  exists_one: "exists_one() is called on a list with a name and a condition, as in evidence.exists_one(e, e.verified)",
  existsOne: "existsOne() is called on a list with a name and a condition, as in evidence.existsOne(e, e.verified)",
  filter: "filter() is called on a list with a name and a condition, as in evidence.filter(e, e.verified)",
  map: "map() is called on a list with a name and a value, as in evidence.map(e, e.size)",
};

export interface Call {
  /** Of the function as the library knows it: `size`, `_+_`, `@in`. */
  readonly name: string;
  readonly target: CelType | undefined;
  readonly args: readonly CelType[];
}

/** How a macro is called, of a call that has its name and is none. */
export function macroUsage(name: string): string | undefined {
  return Object.hasOwn(macros, name) ? macros[name] : undefined;
}

/** What a call gives, by the functions that the library has; or, as text, why it can give nothing. */
export function resolveCall({ funcs }: CelEnvironment, call: Call): CelType | string {
  const group = funcs.find(call.name);
  if (group === undefined) return unknownFunction(funcs, call.name);
  const candidates = [...group].filter(
    ({ target, arguments: parameters }) =>
      (target === undefined ? call.target === undefined : call.target !== undefined && mayBe(call.target, target.name)) &&
      parameters.length === call.args.length &&
      parameters.every(({ name }, at) => mayBe(call.args[at] ?? dyn, name)),
  );
  if (candidates.length === 0) return notTaken(call);
  const [result, ...others] = new Set(candidates.map(({ result }) => result.name));
  if (result === undefined || others.length > 0) return dyn;
  return result === "list" && call.name === "_+_" ? concatenated(call.args) : typeNamed(result);
}

/** `_+_` is `+`, `@in` is `in`. */
export function printFunction(name: string): string {
  return name.replaceAll(/^[_@]|_(?=$)/gu, "");
}

/** Only lists are left where the result can be nothing else. */
function concatenated(args: readonly CelType[]): CelType {
  const elements = args.map((type) => (type.kind === "list" ? type.element : dyn));
  return listOf(elements.reduce(join));
}

function unknownFunction(funcs: CelEnvironment["funcs"], name: string): string {
  const known = [...new Set([...funcs].map((func) => func.name).filter((known) => /^[a-z]/iu.test(known)))];
  const nearest = nearestName(name, [...known, ...Object.keys(macros)]);
  return `unknown function ${quoted(name)}${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`;
}

function notTaken({ name, target, args }: Call): string {
  const given = args.map(printType);
  if (!/^[a-z]/iu.test(name)) return `"${printFunction(name)}" does not take ${given.join(" and ")}`;
  const on = target === undefined ? "" : ` on a value of type ${printType(target)}`;
  return `${quoted(name)} cannot be called${on} with (${given.join(", ")})`;
}
