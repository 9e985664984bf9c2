import { nearestName } from "../api/nearest.ts";
import type { CelEnvironment, Node, NodeOf, ParsedExpression } from "./cel.ts";
import { bool, type CelType, comparable, dyn, int, join, listOf, mapOf, mayBe, printType, string, typeNamed } from "./cel-type.ts";
import { macroUsage, resolveCall } from "./overloads.ts";
import { type Defect, quoted } from "./problem.ts";
import { Scope } from "./scope.ts";
import { typeNames } from "./variables.ts";

/**
 * Of the syntax tree; a macro is three levels. The library evaluates by recursion, some three frames a level: far from what a stack holds, in a worker and
 * in the main thread (a test has the deepest expression).
 */
const deepestTree = 400;

class CheckFailure extends Error {
  readonly defect: Defect;
  constructor(defect: Defect) {
    super(defect.message);
    this.defect = defect;
  }
}

/**
 * Infers types as far as they are known before there is a value, and refuses what can have none: unknown names, fields and functions, calls that no
 * function takes, comparisons that are always false. The library's own checker knows constants and names only. Returns the type of the whole.
 */
export function checkTypes(
  { expr, sourceInfo }: ParsedExpression,
  { environment, variables }: { readonly environment: CelEnvironment; readonly variables: Readonly<Record<string, CelType>> },
): CelType | Defect {
  const checker = new Checker(environment, variables, sourceInfo?.positions ?? {});
  try {
    return checker.typeOf(expr, Scope.empty, 1);
  } catch (error) {
    if (error instanceof CheckFailure) return error.defect;
    throw error;
  }
}

class Checker {
  readonly #environment: CelEnvironment;
  readonly #variables: Readonly<Record<string, CelType>>;
  readonly #positions: Readonly<Record<string, number>>;

  constructor(environment: CelEnvironment, variables: Readonly<Record<string, CelType>>, positions: Readonly<Record<string, number>>) {
    this.#environment = environment;
    this.#variables = variables;
    this.#positions = positions;
  }

  typeOf(node: Node | undefined, scope: Scope, depth: number): CelType {
    if (node === undefined) return dyn;
    if (depth > deepestTree) this.#fail(node, `is more than ${deepestTree} operations deep`);
    const { exprKind } = node;
    const type = (inner: Node | undefined): CelType => this.typeOf(inner, scope, depth + 1);
    switch (exprKind.case) {
      case "constExpr":
        return this.#constant(node, exprKind.value);
      case "identExpr":
        return this.#name(node, exprKind.value.name, scope);
      case "selectExpr": {
        const field = this.#field(node, type(exprKind.value.operand), exprKind.value.field);
        return exprKind.value.testOnly ? bool : field;
      }
      case "callExpr":
        return this.#call(node, exprKind.value, type);
      case "listExpr":
        return listOf(exprKind.value.elements.map(type).reduce(join, { kind: "none" }));
      case "structExpr":
        return this.#map(node, exprKind.value, type);
      case "comprehensionExpr":
        return this.#macro(node, exprKind.value, { scope, depth });
      case undefined:
        return dyn;
    }
  }

  #constant(node: Node, { constantKind }: NodeOf<"constExpr">): CelType {
    switch (constantKind.case) {
      case "int64Value":
        if (BigInt.asIntN(64, constantKind.value) !== constantKind.value) this.#fail(node, "this number is out of the range of int");
        return int;
      case "uint64Value":
        if (BigInt.asUintN(64, constantKind.value) !== constantKind.value) this.#fail(node, "this number is out of the range of uint");
        return typeNamed("uint");
      case "stringValue":
        return string;
      case "boolValue":
        return bool;
      case "doubleValue":
        return typeNamed("double");
      case "bytesValue":
        return typeNamed("bytes");
      case "nullValue":
        return typeNamed("null_type");
      case "durationValue":
      case "timestampValue":
      case undefined:
        return dyn; // the parser makes none
    }
  }

  #name(node: Node, written: string, scope: Scope): CelType {
    const name = written.startsWith(".") ? written.slice(1) : written;
    const bound = scope.find(written);
    if (bound !== undefined) return bound;
    if (Object.hasOwn(this.#variables, name)) return this.#variables[name] ?? dyn;
    if (typeNames.has(name)) return typeNamed("type");
    const known = Object.keys(this.#variables);
    const nearest = nearestName(name, known);
    return this.#fail(
      node,
      `unknown name ${quoted(name)}; ${nearest === undefined ? `there are ${known.join(", ")}` : `did you mean "${nearest}"?`}`,
    );
  }

  #field(node: Node, type: CelType, name: string): CelType {
    switch (type.kind) {
      case "dyn":
      case "none":
        return dyn;
      case "map":
        return type.value;
      case "object": {
        if (Object.hasOwn(type.fields, name)) return type.fields[name] ?? dyn;
        const nearest = nearestName(name, Object.keys(type.fields));
        const there = nearest === undefined ? `there are ${Object.keys(type.fields).join(", ")}` : `did you mean "${nearest}"?`;
        return this.#fail(node, `unknown field ${quoted(name)} of ${type.name}; ${there}`);
      }
      case "list":
        return this.#fail(node, `a list has no field ${quoted(name)}; look into its entries with exists(), all() or [0]`);
      case "scalar":
        return this.#fail(node, `a value of type ${printType(type)} has no field ${quoted(name)}`);
    }
  }

  #call(node: Node, { function: name, target, args }: NodeOf<"callExpr">, type: (node: Node | undefined) => CelType): CelType {
    const usage = macroUsage(name);
    if (usage !== undefined) this.#fail(node, usage);
    const on = target === undefined ? undefined : type(target);
    const types = args.map(type);
    const [first = dyn, second = dyn, third = dyn] = types;
    switch (name) {
      case "_&&_":
      case "_||_":
        for (const [at, operand] of types.entries()) this.#wantBool(args[at] ?? node, operand);
        return bool;
      case "@not_strictly_false":
        return bool;
      case "_?_:_":
        this.#wantBool(args[0] ?? node, first);
        return join(second, third);
      case "_[_]":
        return this.#index(node, { of: first, by: second, key: args[1] });
      case "_==_":
      case "_!=_":
        if (!comparable(first, second)) this.#fail(node, neverEqual(first, second));
        return bool;
      default: {
        const result = resolveCall(this.#environment, { name, target: on, args: types });
        if (typeof result === "string") return this.#fail(node, result);
        if (name === "@in" && second.kind === "list" && !comparable(first, second.element))
          this.#fail(node, neverEqual(first, second.element));
        return result;
      }
    }
  }

  #index(node: Node, { of, by, key }: { readonly of: CelType; readonly by: CelType; readonly key: Node | undefined }): CelType {
    switch (of.kind) {
      case "dyn":
      case "none":
        return dyn;
      case "list":
        if (!["int", "uint", "double"].some((name) => mayBe(by, name))) this.#fail(node, `a list has no entry ${aType(by)}`);
        return of.element;
      case "map":
      case "object":
        if (!["string", "int", "uint", "bool"].some((name) => mayBe(by, name))) this.#fail(node, `a map has no key ${aType(by)}`);
        if (of.kind === "map") return of.value;
        return key?.exprKind.case === "constExpr" && key.exprKind.value.constantKind.case === "stringValue"
          ? this.#field(key, of, key.exprKind.value.constantKind.value)
          : dyn;
      case "scalar":
        return this.#fail(node, `a value of type ${printType(of)} has no entries`);
    }
  }

  #map(node: Node, { messageName, entries }: NodeOf<"structExpr">, type: (node: Node | undefined) => CelType): CelType {
    if (messageName !== "") this.#fail(node, `${quoted(messageName)} cannot be made: there are no messages here`);
    const values = entries.map(({ keyKind, value }) => {
      if (keyKind.case === "mapKey") type(keyKind.value);
      return type(value);
    });
    return mapOf(values.reduce(join, { kind: "none" }));
  }

  /** `all`, `exists` and the others, as the parser wrote them out: a fold with an accumulator. */
  #macro(
    node: Node,
    { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result }: NodeOf<"comprehensionExpr">,
    { scope, depth }: { readonly scope: Scope; readonly depth: number },
  ): CelType {
    const range = this.typeOf(iterRange, scope, depth + 1);
    if (!mayBe(range, "list") && !mayBe(range, "map"))
      this.#fail(iterRange ?? node, `only a list or a map has entries, and this is ${aType(range)}`);
    const item = range.kind === "list" ? range.element : range.kind === "object" ? string : dyn;
    const initial = this.typeOf(accuInit, scope, depth + 1);
    const step = this.typeOf(loopStep, scope.with(accuVar, initial).with(iterVar, item), depth + 1);
    const outer = scope.with(accuVar, join(initial, step));
    this.typeOf(loopCondition, outer.with(iterVar, item), depth + 1);
    return this.typeOf(result, outer, depth + 1);
  }

  #wantBool(node: Node, type: CelType): void {
    if (!mayBe(type, "bool")) this.#fail(node, `a condition has to be bool, and this is ${aType(type)}`);
  }

  #fail(node: Node, message: string): never {
    throw new CheckFailure({ offset: this.#positions[String(node.id)] ?? 0, message });
  }
}

function neverEqual(a: CelType, b: CelType): string {
  return `${printType(a)} and ${printType(b)} are never equal`;
}

function aType(type: CelType): string {
  return `of type ${printType(type)}`;
}
