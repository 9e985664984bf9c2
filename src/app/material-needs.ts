import type { Retain } from "../kube/object.ts";
import type { MaterialKind } from "../snapshot/material.ts";

/** A name that is about a ServiceAccount is about the Secrets that it lists as well. */
const kindsByName: readonly (readonly [RegExp, readonly MaterialKind[]])[] = [
  [/secret/i, ["Secret"]],
  [/configMap/i, ["ConfigMap"]],
  [/serviceAccount/i, ["ServiceAccount", "Secret"]],
];

/**
 * Kinds of Secrets, ConfigMaps and ServiceAccounts that an object of ours may refer to: told by the names that design 2.1 gives to references
 * (`secretRef`, `configMapRef`, `type: serviceAccount`, `kind: ConfigMap`), so that nothing has to be compiled first and a new type needs no entry here.
 * One too many is harmless. Not all kinds for every object: the operator then asks for no right in a namespace that needs none, and reads no Secrets there.
 */
export function materialNeeds(object: unknown): ReadonlySet<string> {
  const needs = new Set<string>();
  const pending: unknown[] = [membersOf(object)["spec"]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const item of Array.isArray(next) ? (next as readonly unknown[]) : []) pending.push(item);
    for (const [name, member] of Object.entries(membersOf(next))) {
      note(needs, name);
      if ((name === "kind" || name === "type") && typeof member === "string") note(needs, member);
      if (typeof member === "object" && member !== null) pending.push(member);
    }
  }
  return needs;
}

function note(needs: Set<string>, name: string): void {
  for (const [pattern, kinds] of kindsByName) if (pattern.test(name)) for (const kind of kinds) needs.add(kind);
}

/** Types whose data nothing of ours ever uses: releases of Helm, which are large and many, and identities of pods, which are none of our business. */
const unusedTypes: ReadonlySet<string> = new Set(["helm.sh/release.v1", "kubernetes.io/service-account-token"]);

/** A Secret without data that could not be used anyway. */
export const retainUsable: Retain = (object) => {
  const { data: _, ...rest } = object;
  return typeof object["type"] === "string" && unusedTypes.has(object["type"]) ? rest : object;
};

/** What each kind is called in paths of the API. */
export const materialPlurals: { readonly [K in MaterialKind]: string } = {
  Secret: "secrets",
  ConfigMap: "configmaps",
  ServiceAccount: "serviceaccounts",
};

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
