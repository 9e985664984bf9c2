/** What of JSON Schema 2020-12 our own schema uses; any other keyword is an error, so that nothing is skipped unseen. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const annotations: ReadonlySet<string> = new Set(["$schema", "$id", "title", "description", "$defs", "format"]);

/** Paths at which `value` does not satisfy `schema`, each with what is wrong. `closed`: a member that the schema does not name is wrong too. */
export function violations(schema: JsonSchema, value: unknown, options: { readonly closed: boolean }): readonly string[] {
  const found: string[] = [];
  visit(schema, value, "");
  return found;

  function visit(node: JsonSchema, at: unknown, path: string): void {
    const where = path === "" ? "/" : path;
    for (const [keyword, argument] of Object.entries(node)) {
      if (annotations.has(keyword)) continue;
      const wrong = check(keyword, argument, at, { node, path });
      if (wrong !== undefined) found.push(`${where}: ${wrong}`);
    }
  }

  function check(
    keyword: string,
    argument: unknown,
    at: unknown,
    place: { readonly node: JsonSchema; readonly path: string },
  ): string | undefined {
    switch (keyword) {
      case "$ref":
        visit(definition(String(argument)), at, place.path);
        return undefined;
      case "type":
        return isOfType(String(argument), at) ? undefined : `is no ${String(argument)}`;
      case "const":
        return at === argument ? undefined : `is not ${JSON.stringify(argument)}`;
      case "enum":
        return (argument as readonly unknown[]).includes(at) ? undefined : `${JSON.stringify(at)} is none of ${JSON.stringify(argument)}`;
      case "minimum":
        return typeof at === "number" && at >= Number(argument) ? undefined : `is below ${String(argument)}`;
      case "pattern":
        return typeof at === "string" && new RegExp(String(argument), "u").test(at) ? undefined : `does not match ${String(argument)}`;
      case "required":
        for (const name of argument as readonly string[])
          if (!Object.hasOwn(at as object, name)) found.push(`${place.path}/${name}: is missing`);
        return undefined;
      case "properties":
        members(argument as Readonly<Record<string, JsonSchema>>, at, place.path);
        return undefined;
      case "items":
        for (const [index, item] of (at as readonly unknown[]).entries()) visit(argument as JsonSchema, item, `${place.path}/${index}`);
        return undefined;
      default:
        throw new TypeError(`the validator does not know ${keyword}`);
    }
  }

  function members(properties: Readonly<Record<string, JsonSchema>>, at: unknown, path: string): void {
    for (const [name, member] of Object.entries(at as object)) {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (known !== undefined) visit(known, member, `${path}/${name}`);
      else if (options.closed) found.push(`${path}/${name}: is not in the schema`);
    }
  }

  function definition(reference: string): JsonSchema {
    const name = reference.replace("#/$defs/", "");
    const known = (schema["$defs"] as Readonly<Record<string, JsonSchema>>)[name];
    if (known === undefined) throw new TypeError(`there is no ${reference}`);
    return known;
  }
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
