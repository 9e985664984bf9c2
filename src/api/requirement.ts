import { nameField, objectRefField } from "./fields.ts";
import { choice, converted, flag, integer, list, optional, ruled, type Schema, struct, type StructRule, text } from "./schema.ts";

/** What is counted: people (distinct signers) or signatures (distinct artifacts). */
export type Count = "Signers" | "Artifacts";

/** What one Verifier has to have found, or what has to be true of everything that was found. */
export type LeafSpec =
  | {
      readonly type: "verifier";
      /** A reference as `resolveRef` (object.ts) reads it. */
      readonly verifier: string;
      /** 1 to 64. Default 1. */
      readonly atLeast: number;
      /** Default `Signers`. */
      readonly count: Count;
      /** Besides: no artifact that it judges may be rejected. Default false. */
      readonly every: boolean;
    }
  | {
      readonly type: "expression";
      /** CEL, ≤ 2048 characters; docs/reference/policy.md has the variables. */
      readonly expression: string;
    };

/** One entry of `require`: holds if one of its leaves does. An entry that is written as a single leaf is one with one. */
export interface RequirementSpec {
  readonly name?: string;
  readonly anyOf: readonly LeafSpec[];
}

/** 32 × 16 leaves: what the rules may cost on the API server is reckoned for all of them. */
const mostRequirements = 32;
const mostLeaves = 16;

/** One leaf as it is written; which fields go together is for the rules below. */
const leafFields = {
  verifierRef: optional(objectRefField("The Verifier whose results are counted.", "Name of a Verifier.", { either: "Verifier" })),
  atLeast: optional(
    integer("How many it has to have found; absent: 1. Required where `count` says what is counted.", { minimum: 1, maximum: 64 }),
  ),
  count: optional(
    choice(
      "What is counted. Signers: each once, however much they signed: keys by fingerprint, certificates by issuer and subject. Artifacts: each artifact, and whoever may push can attach one signature twice. Absent: Signers.",
      ["Signers", "Artifacts"],
    ),
  ),
  every: optional(
    flag("Whether, besides, nothing that the Verifier judges may be rejected. It then holds only once all evidence has been read."),
  ),
  expression: optional(
    text(
      "A CEL expression over image, namespaceObject and evidence; it holds where it is true, and only once all evidence has been read. docs/reference/expressions.md has the variables.",
      { minLength: 1, maxLength: 2048 },
    ),
  ),
} as const;

const counting = ["atLeast", "count", "every"] as const;
const leafRules: readonly StructRule[] = [
  {
    rule: "has(self.verifierRef) || !(has(self.atLeast) || has(self.count) || has(self.every))",
    message: '"atLeast", "count" and "every" go with "verifierRef"',
    judge: (fields) =>
      fields.has("verifierRef") || !counting.some((name) => fields.has(name))
        ? undefined
        : '"atLeast", "count" and "every" go with "verifierRef"',
  },
  {
    rule: "!has(self.count) || has(self.atLeast)",
    message: '"count" says what is counted; write how many there have to be',
    requires: "atLeast",
    judge: (fields) =>
      fields.has("count") && !fields.has("atLeast") ? '"count" says what is counted; write how many there have to be' : undefined,
  },
];

/** Exactly one of these fields. */
function oneOf(names: readonly string[]): StructRule {
  const quoted = names.map((name) => `"${name}"`);
  const message = `must have exactly one of ${quoted.slice(0, -1).join(", ")} and ${quoted.slice(-1).join()}`;
  return {
    rule: `[${names.map((name) => `has(self.${name})`).join(", ")}].exists_one(present, present)`,
    message,
    judge: (fields) => (names.filter((name) => fields.has(name)).length === 1 ? undefined : message),
  };
}

interface WrittenLeaf {
  readonly verifierRef?: string;
  readonly atLeast?: number;
  readonly count?: Count;
  readonly every?: boolean;
  readonly expression?: string;
}

/** A leaf that its rules have let through: one without `expression` has a `verifierRef`. */
function toLeaf({ verifierRef = "", atLeast = 1, count = "Signers", every = false, expression }: WrittenLeaf): LeafSpec {
  return expression === undefined ? { type: "verifier", verifier: verifierRef, atLeast, count, every } : { type: "expression", expression };
}

const leaf: Schema<LeafSpec, "present"> = converted(
  struct("What one Verifier has to have found, or an expression that has to be true.", leafFields, {
    rules: [...leafRules, oneOf(["verifierRef", "expression"])],
  }),
  toLeaf,
);

const requirement: Schema<RequirementSpec, "present"> = converted(
  struct(
    "One requirement: a Verifier's results, an expression, or several of them of which one has to hold.",
    {
      name: optional(nameField("Name of the requirement, unique in this list; reports name it.", { maxLength: 63 })),
      ...leafFields,
      anyOf: optional(list("Of these one has to hold.", leaf, { minItems: 1, maxItems: mostLeaves, listType: "atomic" })),
    },
    { rules: [...leafRules, oneOf(["verifierRef", "expression", "anyOf"])] },
  ),
  ({ name, anyOf, ...written }) => ({ ...(name !== undefined && { name }), anyOf: anyOf ?? [toLeaf(written)] }),
);

const namesMessage = "has two requirements of one name; a report could not tell them apart";

/** `spec.require`. */
export const requireField: Schema<readonly RequirementSpec[], "present"> = ruled(
  list("What an image needs: every entry has to hold.", requirement, { minItems: 1, maxItems: mostRequirements, listType: "atomic" }),
  {
    rule: "self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && b.name == a.name))",
    message: namesMessage,
  },
  (entries) => {
    const names = entries.flatMap(({ name }) => name ?? []);
    return new Set(names).size === names.length ? undefined : namesMessage;
  },
);
