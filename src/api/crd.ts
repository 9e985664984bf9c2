import { category, group, type KindRow, version } from "./kinds.ts";
import type { CelRule, ListNode, Schema, StructNode } from "./schema.ts";

/** A JSON object that is printed as YAML. */
export type Manifest = { readonly [key: string]: unknown };

/** The CustomResourceDefinition of a kind (apiextensions.k8s.io/v1), key for key as it is to be printed. */
export function toCrd(row: KindRow): Manifest {
  const { kind, plural, singular, shortName, scope } = row;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: [category] },
      scope,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          ...(hasType(row.spec) && { selectableFields: [{ jsonPath: ".spec.type" }] }),
          additionalPrinterColumns: row.columns.map(({ name, type, jsonPath, priority, description }) => ({
            name,
            type,
            jsonPath,
            ...(priority !== undefined && { priority }),
            description,
          })),
          schema: { openAPIV3Schema: rootSchema(row) },
        },
      ],
    },
  };
}

/** The structural schema (OpenAPI v3, as apiextensions restricts it) of a node. */
export function toOpenApi(schema: Schema): Manifest {
  const shown = { description: schema.description, type: schema.type };
  const rules = schema.rules.length > 0 && { "x-kubernetes-validations": schema.rules.map(toValidation) };
  const preset = schema.default !== undefined && { default: schema.default };
  switch (schema.type) {
    case "string": {
      const { minLength, maxLength, choices, format } = schema;
      const bounds = choices === undefined ? { ...(minLength !== undefined && { minLength }), maxLength } : { enum: choices, maxLength };
      return { ...shown, ...(format !== undefined && { format }), ...bounds, ...preset, ...rules };
    }
    case "integer":
      return { ...shown, minimum: schema.minimum, maximum: schema.maximum, ...preset, ...rules };
    case "boolean":
      return { ...shown, ...preset, ...rules };
    case "array":
      return { ...shown, ...listKeywords(schema), ...preset, ...rules, items: toOpenApi(schema.items) };
    case "map": {
      const { maxProperties, values } = schema;
      return { ...shown, type: "object", maxProperties, ...preset, ...rules, additionalProperties: toOpenApi(values) };
    }
    case "object":
      return { ...shown, ...preset, ...rules, ...structKeywords(schema) };
  }
}

function rootSchema(row: KindRow): Manifest {
  return {
    description: row.description,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "Version of this schema." },
      kind: { type: "string", description: `${row.kind}.` },
      metadata: { type: "object" }, // nothing else may be said of it
      spec: toOpenApi(row.spec),
      status: toOpenApi(row.status),
    },
  };
}

function hasType(spec: Schema): boolean {
  return spec.type === "object" && spec.fields["type"] !== undefined;
}

function toValidation(rule: CelRule & { readonly requires?: string }): Manifest {
  const { message, messageExpression, requires } = rule;
  return {
    rule: rule.rule,
    message,
    ...(messageExpression !== undefined && { messageExpression }),
    ...(requires !== undefined && { reason: "FieldValueRequired", fieldPath: `.${requires}` }),
  };
}

function listKeywords({ listType, minItems, maxItems }: ListNode): Manifest {
  const bounds = { ...(minItems !== undefined && { minItems }), maxItems };
  if (typeof listType === "string") return { "x-kubernetes-list-type": listType, ...bounds };
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": listType.keys, ...bounds };
}

function structKeywords({ fields }: StructNode): Manifest {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => field.presence === "present" && field.default === undefined).map(([name]) => name);
  return {
    ...(required.length > 0 && { required }),
    ...(entries.length > 0 && { properties: Object.fromEntries(entries.map(([name, field]) => [name, toOpenApi(field)])) }),
  };
}
