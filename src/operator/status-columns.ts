import type { Scope } from "../oci/pattern.ts";

/** "-" for none, the first, or the first and how many more: `acme.azurecr.io (+3)`. A column's JSONPath cannot say that (design 5). */
export function columnText(items: readonly string[]): string {
  const [first, ...more] = new Set(items);
  if (first === undefined) return "-";
  return more.length === 0 ? first : `${first} (+${more.length})`;
}

/** `status.registry`: the hosts of the scopes, each once, in their order; wildcards as they are written. */
export function registryColumn(scopes: readonly Scope[]): string {
  return columnText(
    scopes.map((scope) => {
      if (scope.kind === "all") return "*";
      const host = scope.pattern.labels.join(".");
      return scope.pattern.port === undefined ? host : `${host}:${scope.pattern.port}`;
    }),
  );
}
