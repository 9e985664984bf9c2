/** A schema as it stands in a CRD. */
type Node = Readonly<Record<string, unknown>>;

const allowed: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required"], // or additionalProperties, of a map
  array: ["items", "minItems", "maxItems", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"],
  string: ["enum", "format", "minLength", "maxLength"],
  integer: ["minimum", "maximum"],
  boolean: [],
};
const everywhere = ["type", "description", "default", "x-kubernetes-validations"];

/**
 * What keeps a schema from being structural (apiextensions `schema.ValidateStructural`), or from what this project asks of every field besides:
 * a description, bounds, a list type, rules with a message, no `namespace`, nothing free-form. Paths are the schema's.
 */
export function structuralProblems(schema: unknown, path = "", isRoot = true): readonly string[] {
  if (!isNode(schema)) return [`${path}: is no schema`];
  const type = schema["type"];
  if (typeof type !== "string" || allowed[type] === undefined) return [`${path}: has no type, or one that is not used here`];
  const isMap = schema["additionalProperties"] !== undefined;
  const known = [...everywhere, ...(isMap ? ["additionalProperties", "maxProperties"] : allowed[type])];
  const at = (problem: string): string => `${path}: ${problem}`;
  const problems = Object.keys(schema)
    .filter((key) => !known.includes(key))
    .map((key) => at(`"${key}" is not allowed in a structural schema of type ${type}, or not used here`));
  const isMetadata = path === ".metadata";
  if (!isMetadata && (typeof schema["description"] !== "string" || !/^\S.*\.$/s.test(schema["description"])))
    problems.push(at("has no description that ends in a full stop"));
  if (schema["default"] !== undefined && jsonType(schema["default"]) !== type) problems.push(at("has a default of another type"));
  problems.push(...validationProblems(schema).map(at));
  if (type === "string") problems.push(...stringProblems(schema).map(at));
  if (type === "integer" && (typeof schema["minimum"] !== "number" || typeof schema["maximum"] !== "number"))
    problems.push(at("has no bounds"));
  if (type === "array") problems.push(...arrayProblems(schema).map(at), ...structuralProblems(schema["items"], `${path}[]`, false));
  if (isMap) problems.push(...mapProblems(schema).map(at), ...structuralProblems(schema["additionalProperties"], `${path}{}`, false));
  else if (type === "object" && !(isRoot && isMetadata)) problems.push(...objectProblems(schema, path, isRoot));
  return problems;
}

function stringProblems(schema: Node): string[] {
  const problems: string[] = [];
  if (!(Number(schema["maxLength"]) > 0)) problems.push("has no maxLength");
  if (Array.isArray(schema["enum"]) && new Set(schema["enum"]).size !== schema["enum"].length)
    problems.push("has a value twice in its enum");
  return problems;
}

/** Texts by bounded keys, and as few as a bound says. */
function mapProblems(schema: Node): string[] {
  const values = isNode(schema["additionalProperties"]) ? schema["additionalProperties"] : {};
  const problems: string[] = [];
  if (values["type"] !== "string") problems.push("is a map of something else than texts");
  if (!(Number(schema["maxProperties"]) > 0)) problems.push("has no maxProperties");
  const rules = Array.isArray(schema["x-kubernetes-validations"]) ? schema["x-kubernetes-validations"] : [];
  if (!rules.some((rule: unknown) => isNode(rule) && String(rule["rule"]).includes("k.size()"))) problems.push("has keys without a bound");
  return problems;
}

function arrayProblems(schema: Node): string[] {
  const problems: string[] = [];
  const items = isNode(schema["items"]) ? schema["items"] : {};
  if (!(Number(schema["maxItems"]) > 0)) problems.push("has no maxItems");
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set" && (items["type"] === "object" || items["type"] === "array")) problems.push("is a set of what is not scalar");
  if (listType === "map") {
    const keys = schema["x-kubernetes-list-map-keys"];
    const required = Array.isArray(items["required"]) ? items["required"] : [];
    const properties = isNode(items["properties"]) ? items["properties"] : {};
    const hasDefault = (key: unknown): boolean => {
      const property = typeof key === "string" ? properties[key] : undefined;
      return isNode(property) && property["default"] !== undefined;
    };
    if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => required.includes(key) || hasDefault(key)))
      problems.push("is a map whose keys are neither required nor have a default");
  } else if (listType !== "set" && listType !== "atomic") problems.push("has no x-kubernetes-list-type");
  return problems;
}

function objectProblems(schema: Node, path: string, isRoot: boolean): string[] {
  const properties = isNode(schema["properties"]) ? schema["properties"] : {};
  const problems: string[] = [];
  const required: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  for (const name of required) {
    const property = typeof name === "string" ? properties[name] : undefined;
    if (property === undefined) problems.push(`${path}: requires "${String(name)}", which it has not`);
    if (isNode(property) && property["default"] !== undefined) problems.push(`${path}: requires "${String(name)}", which has a default`);
  }
  for (const [name, property] of Object.entries(properties)) {
    if (name === "namespace") problems.push(`${path}: has a field "namespace"`);
    if (isRoot && ["apiVersion", "kind", "metadata"].includes(name)) continue;
    problems.push(...structuralProblems(property, `${path}.${name}`, false));
  }
  return problems;
}

function validationProblems(schema: Node): string[] {
  const validations = schema["x-kubernetes-validations"];
  if (validations === undefined) return [];
  if (!Array.isArray(validations) || validations.length === 0) return ["has an empty list of rules"];
  return validations.flatMap((rule: unknown) => {
    if (!isNode(rule)) return ["has a rule that is none"];
    const problems: string[] = [];
    if (typeof rule["message"] !== "string" || rule["message"] === "" || rule["message"].includes("\n"))
      problems.push("has a rule without a message of one line");
    const fieldPath = rule["fieldPath"];
    const properties = isNode(schema["properties"]) ? schema["properties"] : {};
    if (fieldPath !== undefined && (typeof fieldPath !== "string" || properties[fieldPath.slice(1)] === undefined))
      problems.push("has a rule for a field that it has not");
    return problems;
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
