import { type MaterialKind, materialKinds, type ReadRaw, Withheld } from "../snapshot/material.ts";
import type { Denial, ResourceSource } from "./ports.ts";

/** What the compiler reads: the source's objects, and for what a namespace withholds the reason, in words that the status of whoever refers to it repeats. */
export function readFrom(source: ResourceSource): ReadRaw {
  return (kind, id) => {
    const found = source.objects(kind).get(id);
    const slash = id.indexOf("/");
    const material = materialKinds.find((known) => known === kind);
    if (found !== undefined || slash < 0 || material === undefined) return found;
    const namespace = id.slice(0, slash);
    const denial = source.denied?.(kind, namespace);
    return denial === undefined ? undefined : new Withheld(denial, messageOf(denial, material, namespace));
  };
}

function messageOf(denial: Denial, kind: MaterialKind, namespace: string): string {
  switch (denial) {
    case "Forbidden":
      return `the operator may not read ${kind}s in namespace ${namespace}: bind ClusterRole countersign-tenant-secrets to it there`;
    case "NotListed":
      return `${kind}s in namespace ${namespace} have not been read yet`;
    case "TooLarge":
      return `namespace ${namespace} has more ${kind}s than the operator keeps: it is not there, or not among those that are`;
    case "TooManyNamespaces":
      return `${kind}s in namespace ${namespace} are not read: too many other namespaces have objects that refer to theirs`;
  }
}
