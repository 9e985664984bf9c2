import type { LabelSelector } from "../api/policy.ts";

/** A namespace as policies select it. */
export interface NamespaceLabels {
  readonly name: string;
  /** Absent: the namespace has not been seen, so that a label may be there or not. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** `Maybe`: it depends on labels that nobody knows. */
export type Match = "Yes" | "Maybe" | "No";

/** Every namespace has it, with its name, whatever anybody says. */
const nameLabel = "kubernetes.io/metadata.name";

/** As the API server selects (metav1.LabelSelector): every entry must match; an empty one matches every namespace. */
export function selects(selector: LabelSelector, namespace: NamespaceLabels): Match {
  const exact = [...selector.matchLabels].map(([key, value]) => ({ key, operator: "In", values: [value] }) as const);
  let match: Match = "Yes";
  for (const requirement of [...exact, ...selector.matchExpressions]) {
    if (requirement.key !== nameLabel && namespace.labels === undefined) {
      match = "Maybe";
      continue;
    }
    if (!holds(requirement, valueOf(requirement.key, namespace))) return "No";
  }
  return match;
}

function valueOf(key: string, { name, labels = {} }: NamespaceLabels): string | undefined {
  if (key === nameLabel) return name;
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** `NotIn` holds where there is no such label (apimachinery labels.Requirement.Matches). */
function holds({ operator, values }: LabelSelector["matchExpressions"][number], value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
