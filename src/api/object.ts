import { ownValue } from "./walk.ts";

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

/**
 * Identity of a raw object. Never throws: what is missing or of another type gets what a manifest from a file has (a uid made from kind and
 * name, generation 1, no resourceVersion, creation at 0).
 */
export function decodeMeta(raw: unknown): ObjectMeta {
  const metadata = ownValue(raw, "metadata");
  const name = textOf(ownValue(metadata, "name")) ?? "";
  const namespace = textOf(ownValue(metadata, "namespace"));
  const generation = ownValue(metadata, "generation");
  const created = Date.parse(textOf(ownValue(metadata, "creationTimestamp")) ?? "");
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: textOf(ownValue(metadata, "uid")) ?? `${textOf(ownValue(raw, "kind")) ?? ""}/${name}`,
    generation: typeof generation === "number" && Number.isSafeInteger(generation) ? generation : 1,
    resourceVersion: textOf(ownValue(metadata, "resourceVersion")) ?? "",
    creationTime: Number.isNaN(created) ? 0 : created,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
