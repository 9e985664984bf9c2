import type { Diagnostic } from "../../src/api/diagnostic.ts";
import { apiVersion, kindTable } from "../../src/api/kinds.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import { acceptedCluster } from "./accepted-cluster.ts";
import { acceptedTwins } from "./accepted-twins.ts";

/** An object of ours as a manifest has it; one of a namespaced kind is in `team-a`. */
export function object(kind: ResourceKind, spec: unknown, name = "sample"): { readonly [key: string]: unknown } {
  return { apiVersion, kind, metadata: { name, ...(kindTable[kind].scope === "Namespaced" && { namespace: "team-a" }) }, spec };
}

/** Accepted specs: for each kind every type alone, as short as it can be, and with every field. */
export const accepted: typeof acceptedCluster & typeof acceptedTwins = { ...acceptedCluster, ...acceptedTwins };

/** What `decode` says of an object: a line for each defect, as kubectl prints them, or nothing. */
export function refusals(kind: ResourceKind, spec: unknown, name?: string): readonly string[] {
  const decoded = kindTable[kind].decode(object(kind, spec, name));
  return decoded.ok ? [] : decoded.diagnostics.map(printDiagnostic);
}

export function printDiagnostic({ path, message }: Diagnostic): string {
  return path === undefined ? message : `${path}: ${message}`;
}
