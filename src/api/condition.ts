import { choice, integer, list, optional, type Schema, struct, text, type TypeOf } from "./schema.ts";

/** In the order in which `Ready` copies the first that is False; `Reconciling` and `Stalled` stand in a status only while they are True. */
export const conditionTypes = [
  "Accepted",
  "CredentialsResolved",
  "TrustResolved",
  "Reachable",
  "Programmed",
  "Ready",
  "Reconciling",
  "Stalled",
] as const;
export type ConditionType = (typeof conditionTypes)[number];
export type ConditionStatus = "True" | "False" | "Unknown";

/** An RFC 3339 time in whole seconds, as metav1.Time is. */
export function timeField(description: string): Schema<string, "present"> {
  return text(description, { maxLength: 64, format: "date-time" });
}
/** A sentence of ours; writers keep it to 256 bytes, the schema leaves room. */
export function messageField(description: string): Schema<string, "present"> {
  return text(description, { maxLength: 512 });
}
/** The largest integer that JSON readers agree on. */
const largestInteger = Number.MAX_SAFE_INTEGER;
/** `observedGeneration` of one condition. */
function generationField(description: string): Schema<number, "present"> {
  return integer(description, { minimum: -1, maximum: largestInteger });
}

const condition = struct("One aspect of the object's state.", {
  type: text("Aspect, in CamelCase: Ready, Accepted, CredentialsResolved, TrustResolved, Reachable, Programmed, Reconciling or Stalled.", {
    minLength: 1,
    maxLength: 316,
  }),
  status: choice("Whether it holds.", ["True", "False", "Unknown"]),
  reason: text("Why, as one word in CamelCase of the closed list in docs/reference/reasons.md.", { minLength: 1, maxLength: 1024 }),
  message: messageField("Why, for people."),
  observedGeneration: optional(generationField("metadata.generation that this was found out of.")),
  lastTransitionTime: timeField("When status last changed."),
});

/** metav1.Condition as it is written to the API. */
export type Condition = TypeOf<typeof condition>;

/** `status.conditions`. */
export const conditionsField: Schema<readonly Condition[], "present"> = list(
  "State of the object, one entry an aspect; Ready sums it up.",
  condition,
  { maxItems: 16, listType: { keys: ["type"] } },
);
