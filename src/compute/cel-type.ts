/**
 * Types as the check before the first evaluation knows them (cel-spec langdef.md §values). `dyn` is what only the evaluation will show, `none` the element
 * of an empty list; `object` is a map whose keys are known, so that a misspelt one is found at once.
 */
export type CelType =
  | { readonly kind: "dyn" }
  | { readonly kind: "none" }
  /** The name as CelScalar of the library has it; also `google.protobuf.Timestamp` and `google.protobuf.Duration`. */
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "list"; readonly element: CelType }
  | { readonly kind: "map"; readonly value: CelType }
  | { readonly kind: "object"; readonly name: string; readonly fields: Readonly<Record<string, CelType>> };

const scalar = (name: string): CelType => ({ kind: "scalar", name });

export const dyn: CelType = { kind: "dyn" };
export const bool: CelType = scalar("bool");
export const int: CelType = scalar("int");
export const string: CelType = scalar("string");
export const listOf = (element: CelType): CelType => ({ kind: "list", element });
export const mapOf = (value: CelType): CelType => ({ kind: "map", value });
export const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({ kind: "object", name, fields });

const numbers: ReadonlySet<string> = new Set(["int", "uint", "double"]);

/** A type of the library's by its name: what an overload takes and gives. */
export function typeNamed(name: string): CelType {
  if (name === "dyn") return dyn;
  if (name === "list") return listOf(dyn);
  return name === "map" ? mapOf(dyn) : scalar(name);
}

/** How a message calls a type. */
export function printType(type: CelType): string {
  switch (type.kind) {
    case "dyn":
    case "none":
      return "any type";
    case "scalar":
      return type.name.replace("google.protobuf.", "").replace("null_type", "null").toLowerCase();
    case "list":
      return "list";
    case "map":
    case "object":
      return "map";
  }
}

/** Whether a value of this type may turn out to be what an overload takes under `name`. */
export function mayBe(type: CelType, name: string): boolean {
  if (name === "dyn" || type.kind === "dyn" || type.kind === "none") return true;
  if (type.kind === "scalar") return type.name === name;
  return name === (type.kind === "list" ? "list" : "map");
}

/** Whether two values of these types can be equal: `==` of others is always false, and `!=` always true, which nobody means. */
export function comparable(a: CelType, b: CelType): boolean {
  if (a.kind === "scalar" && b.kind === "scalar") return a.name === b.name || (numbers.has(a.name) && numbers.has(b.name));
  if (a.kind === "list" && b.kind === "list") return comparable(a.element, b.element);
  return mayBe(a, shape(b)) || mayBe(b, shape(a));
}

/** What holds for a value that is of one type or the other. */
export function join(a: CelType, b: CelType): CelType {
  if (a.kind === "none") return b;
  if (b.kind === "none" || a === b) return a;
  if (a.kind === "scalar" && b.kind === "scalar" && a.name === b.name) return a;
  if (a.kind === "list" && b.kind === "list") return listOf(join(a.element, b.element));
  if (a.kind === "map" && b.kind === "map") return mapOf(join(a.value, b.value));
  return dyn;
}

function shape(type: CelType): string {
  switch (type.kind) {
    case "dyn":
    case "none":
      return "dyn";
    case "scalar":
      return type.name;
    case "list":
      return "list";
    case "map":
    case "object":
      return "map";
  }
}
