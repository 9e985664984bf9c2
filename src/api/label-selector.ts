import { judged } from "./fields.ts";
import { choice, list, map, ruled, type Schema, struct, type StructRule, text } from "./schema.ts";
import type { Clause } from "./text-rule.ts";

/** `metav1.LabelSelector`, every entry ANDed; an empty one matches every namespace. */
export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    readonly values: readonly string[];
  }[];
}

/** More would be a list of namespaces, for which there is `kubernetes.io/metadata.name` with `values`. */
const mostEntries = 32;
const mostValues = 64;
/** A prefix of 253, a slash and a name of 63 characters (apimachinery IsQualifiedName). */
const longestKey = 317;

const key = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
const keyShape = new RegExp(key, "u");
const keyClauses: readonly Clause[] = [
  {
    shape: key,
    negated: true,
    detail: 'is not the key of a label: letters, digits, "-", "_" and ".", with a domain and "/" before it or not',
  },
];
const valueClauses: readonly Clause[] = [
  {
    shape: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    negated: true,
    detail: 'is not the value of a label: letters, digits, "-", "_" and ".", a letter or digit at both ends',
  },
];
const value = judged(text("Value of a label.", { maxLength: 63 }), valueClauses, "must be the value of a label");

const keysMessage = "has a key that is not the key of a label";
const matchLabels = ruled(
  map("Labels that the namespace must have, each with this value.", value, { maxProperties: mostEntries, default: {} }),
  { rule: `self.all(k, k.size() <= ${longestKey} && k.matches(r'${key}'))`, message: keysMessage },
  (labels) => ([...labels.keys()].every((name) => name.length <= longestKey && keyShape.test(name)) ? undefined : keysMessage),
);

const valuesMessage = '"In" and "NotIn" need values, "Exists" and "DoesNotExist" have none';
const valuesRule: StructRule = {
  rule: "(self.operator in ['In', 'NotIn']) == (self.values.size() > 0)",
  message: valuesMessage,
  judge: (fields) => {
    const [operator, values] = [fields.get("operator"), fields.get("values")];
    if (typeof operator !== "string" || !Array.isArray(values)) return undefined;
    return ["In", "NotIn"].includes(operator) === values.length > 0 ? undefined : valuesMessage;
  },
};

/** A selector of namespaces by their labels; every entry of both lists must hold. */
export function labelSelectorField(description: string): Schema<LabelSelector, "present"> {
  return struct(
    description,
    {
      matchLabels,
      matchExpressions: list(
        "Conditions on labels.",
        struct(
          "One condition.",
          {
            key: judged(text("Key of the label.", { maxLength: longestKey }), keyClauses, "must be the key of a label"),
            operator: choice("How the label relates to the values. NotIn also holds where there is no such label.", [
              "In",
              "NotIn",
              "Exists",
              "DoesNotExist",
            ]),
            values: list("Values of the label.", value, { maxItems: mostValues, listType: "set", default: [] }),
          },
          { rules: [valuesRule] },
        ),
        { maxItems: mostEntries, listType: "atomic", default: [] },
      ),
    },
    { default: {} },
  );
}
