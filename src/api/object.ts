/** Identity of a Kubernetes object, as every room above sees it. A manifest from a file has a uid made from its kind and name, and generation 1. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  /** Epoch ms; decides which of two conflicting objects is the older. */
  readonly creationTime: number;
}

export const kinds = ["Store", "AuthProvider", "Verifier", "KeyProvider"] as const;
export type Kind = (typeof kinds)[number];

/** `Kind/name`, or `Kind/namespace/name`: key of maps and queues, and how messages name an object. */
export type ObjectKey = `${string}/${string}`;
export function objectKey(kind: string, meta: Pick<ObjectMeta, "name" | "namespace">): ObjectKey {
  return meta.namespace === undefined ? `${kind}/${meta.name}` : `${kind}/${meta.namespace}/${meta.name}`;
}
