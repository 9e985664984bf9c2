import type { ExpressionInput } from "../api/expression.ts";
import type { variables } from "./variables.ts";

/** Values as the library takes them; a `Map` has no keys but its own, whatever these are called. */
type Value = null | boolean | number | bigint | string | readonly Value[] | ReadonlyMap<string, Value>;

/** What the variables of CEL stand for; without a prototype, since the library looks names up in it. */
export function toBindings({ image, namespace, evidence }: ExpressionInput): Readonly<Record<keyof typeof variables, Value>> {
  return Object.assign(Object.create(null) as object, {
    image: toValue(image),
    namespaceObject: toValue(namespace),
    evidence: toValue(evidence),
  });
}

function toValue(json: unknown): Value {
  switch (typeof json) {
    case "string":
    case "boolean":
      return json;
    case "number":
      return Number.isSafeInteger(json) ? BigInt(json) : json;
    case "object":
      if (json === null) return null;
      if (Array.isArray(json)) return json.map(toValue);
      return new Map(Object.entries(json).map(([key, value]) => [key, toValue(value)]));
    default:
      return null; // no other type is in plain data
  }
}
