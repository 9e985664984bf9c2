import { choice, converted, type Fields, optional, type Schema, type StructOf, struct, type StructRule } from "./schema.ts";
import { Findings, walk } from "./walk.ts";

/** The schema of every member of a union, by type: a type without its schema, or a schema of another shape, does not compile. */
export type Members<Configs> = { readonly [T in keyof Configs & string]: Member<Configs[T]> };
export interface Member<Config> {
  readonly schema: Schema<Config, "present">;
}

/** What a union with these common fields is decoded to: the discriminator, and the member it names lifted to `config`. */
export type UnionOf<F extends Fields, Configs> = {
  readonly [T in keyof Configs & string]: StructOf<F> & { readonly type: T; readonly config: Configs[T] };
}[keyof Configs & string];

/** A member of a union, {@link clusterOnly} or for tenants too. It must be written exactly if it has a field that must be. */
export function member<Config>(schema: Schema<Config, "present">): Member<Config> {
  return { schema };
}

/**
 * `type` names a member; no other may be present, and the named one may be left out where none of its fields has to be written (design 2.1).
 * CEL compares member by member, so that each offender is named.
 */
export function union<F extends Fields, Configs>(
  description: string,
  common: F,
  options: { readonly typeDescription: string; readonly members: Members<Configs> },
): Schema<UnionOf<F, Configs>, "present"> {
  const members = Object.entries<Member<unknown>>(options.members);
  const types = members.map(([type]) => type);
  const fields: Fields = {
    ...common,
    type: choice(options.typeDescription, types, { reason: "UnsupportedType", namesMember: true }),
    ...Object.fromEntries(members.map(([type, { schema }]) => [type, optional(schema)])),
  };
  const rules = members.flatMap(([type, { schema }]) => [excludes(type, types), ...(mustBeWritten(schema) ? [requires(type)] : [])]);
  const twinRules = members.flatMap(([type, { schema }]) => (!mustBeWritten(schema) && tenantsMustWrite(schema) ? [requires(type)] : []));
  return converted(struct(description, fields, { rules, twinRules }), (decoded) => {
    const { type, ...rest } = decoded as Readonly<Record<string, unknown>> & { readonly type: string }; // the fields above say so
    const kept = Object.entries(rest).filter(([name]) => !types.includes(name));
    const config = rest[type] ?? walk(options.members[type as keyof Configs & string].schema, {}, "", new Findings()); // left out: its defaults
    return { ...Object.fromEntries(kept), type, config };
  }) as Schema<UnionOf<F, Configs>, "present">; // one member for each type, by construction
}

function excludes(type: string, types: readonly string[]): StructRule {
  return {
    about: type,
    rule: `self.type == '${type}' || !has(self.${type})`,
    message: `"${type}" is set but type is not "${type}"; remove it or change type`,
    messageExpression: `'type is "' + self.type + '" but "${type}" is set; remove it or change type'`,
    judge: (fields) => {
      const named = fields.get("type");
      if (!fields.has(type) || named === type || typeof named !== "string" || !types.includes(named)) return undefined;
      return `type is "${named}" but "${type}" is set; remove it or change type`;
    },
  };
}

function requires(type: string): StructRule {
  return {
    about: type,
    rule: `self.type != '${type}' || has(self.${type})`,
    message: `type is "${type}"`,
    requires: type,
    judge: (fields) => (fields.get("type") === type && !fields.has(type) ? `type is "${type}"` : undefined),
  };
}

function tenantsMustWrite(schema: Schema): boolean {
  return schema.type === "object" && Object.values(schema.fields).some(({ twinPresence }) => twinPresence === "present");
}

function mustBeWritten(schema: Schema): boolean {
  return (
    schema.type === "object" && Object.values(schema.fields).some((field) => field.presence === "present" && field.default === undefined)
  );
}
