import type { Fields, ObjectScope, Schema, StructNode } from "./schema.ts";
import { Findings, walk } from "./walk.ts";

/** `spec` of a kind in each of its scopes; both are decoded to the same type. */
export type SpecSchemas<Spec> = { readonly [S in ObjectScope]: Schema<Spec, "present"> };

/** The schema of a cluster-scoped kind, and its twin's: made of the same nodes, less what a tenant must not have (design 2.2). */
export function withTwin<Spec>(schema: Schema<Spec, "present">): SpecSchemas<Spec> {
  return { Cluster: schema, Namespaced: twinOf(schema) };
}

function twinOf<S extends Schema>(schema: S): S {
  const twin: Schema = makeTwin(schema);
  return twin as S; // what it is decoded to is the same: a reference is a text in both, and what is left out has its default
}

function makeTwin(schema: Schema): Schema {
  const presence = schema.twinPresence ?? schema.presence;
  if (schema.twin !== undefined) return { ...schema.twin, presence };
  const description = schema.description.replaceAll("in the operator's namespace", "in the object's own namespace");
  switch (schema.type) {
    case "array":
      return { ...schema, presence, description, items: twinOf(schema.items) };
    case "object":
      return { ...schema, ...structTwin(schema), presence, description };
    case "string":
    case "integer":
    case "boolean":
    case "map":
      return { ...schema, presence, description };
  }
}

function structTwin(node: StructNode): Pick<StructNode, "fields" | "rules"> & Pick<Schema, "parse"> {
  const lost = Object.entries(node.fields).filter(([, field]) => field.clusterOnly === true);
  const names = new Set(lost.map(([name]) => name));
  const kept = Object.entries(node.fields).filter(([name]) => !names.has(name));
  const fields: Fields = Object.fromEntries(kept.map(([name, field]) => [name, twinOf(withoutMembers(field, names))]));
  const rules = [...node.rules, ...(node.twinRules ?? [])].filter(({ about }) => about === undefined || !names.has(about));
  const defaults = Object.fromEntries(
    lost.flatMap(([name, field]) => (field.default === undefined ? [] : [[name, walk(field, field.default, "", new Findings())] as const])),
  );
  const { parse } = node;
  if (lost.length === 0) return { fields, rules };
  const filled = (value: object): object => ({ ...defaults, ...value });
  return { fields, rules, parse: (value) => parse?.(filled(value) as never) ?? { ok: true, value: filled(value) } };
}

/** Of the field that names a member of a union, the members that are left. */
function withoutMembers(field: Schema, names: ReadonlySet<string>): Schema {
  if (field.type !== "string" || field.choices === undefined || field.namesMember !== true) return field;
  const choices = field.choices.filter((choice) => !names.has(choice));
  return { ...field, choices, maxLength: Math.max(...choices.map((choice) => choice.length)) };
}
