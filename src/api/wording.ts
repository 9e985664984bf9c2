/**
 * What the API server says (k8s.io/apimachinery field errors, kube-openapi validation; 1.36), so that `countersign check` reads like
 * `kubectl apply`. `Invalid value: …: ` in front is left out everywhere: it would echo the value.
 */
export const wording = {
  required: "Required value",
  unknownField: (path: string, nearest: string | undefined): string =>
    `unknown field "${path}"${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`,
  unsupported: (value: string, choices: readonly string[]): string =>
    `Unsupported value: "${value}": supported values: ${choices.map((choice) => `"${choice}"`).join(", ")}`,
  tooLong: (bytes: number): string => `Too long: may not be more than ${bytes} bytes`,
  tooMany: (actual: number, most: number): string => `Too many: ${actual}: must have at most ${most} ${most === 1 ? "item" : "items"}`,
  tooFew: (path: string, least: number): string => `${path} in body should have at least ${least} items`,
  tooShort: (path: string, least: number): string => `${path} in body should be at least ${least} chars long`,
  wrongType: (path: string, expected: string, actual: string): string => `${path} in body must be of type ${expected}: "${actual}"`,
  tooSmall: (path: string, least: number): string => `${path} in body should be greater than or equal to ${least}`,
  tooLarge: (path: string, most: number): string => `${path} in body should be less than or equal to ${most}`,
  duplicate: (value: string): string => `Duplicate value: ${value}`,
} as const;

/** The JSON type of a value, as the API server names it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
