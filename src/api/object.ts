import type { ObjectScope } from "./schema.ts";
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

export const kinds = ["Store", "AuthProvider", "Verifier", "KeyProvider", "Policy"] as const;
export type Kind = (typeof kinds)[number];

/** A kind as it is written in manifests: cluster-scoped, or its twin whose objects live in namespaces (design 2.2). */
export type ResourceKind = Kind | `Namespaced${Kind}`;
export const resourceKinds: readonly ResourceKind[] = kinds.flatMap((kind) => [kind, `Namespaced${kind}` as const]);

const prefix = "Namespaced";

/** What both scopes of a kind have in common: their spec, their code, and their maps. */
export function baseKind(kind: ResourceKind): Kind {
  return (kind.startsWith(prefix) ? kind.slice(prefix.length) : kind) as Kind; // the type says that nothing else follows the prefix
}

/** The kind that an object of this base kind is written as: with a namespace, the twin. */
export function resourceKind(kind: Kind, namespace: string | undefined): ResourceKind {
  return namespace === undefined ? kind : `Namespaced${kind}`;
}

export function isResourceKind(kind: unknown): kind is ResourceKind {
  return resourceKinds.some((known) => known === kind);
}

/** `name`, or `namespace/name`: the key of an object in every map of one base kind. */
export function objectId({ name, namespace }: Pick<ObjectMeta, "name" | "namespace">): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** `Store/production`, or `NamespacedStore/team-a/own`: key of queues and of maps of several kinds, and how messages name an object. */
export type ObjectKey = `${string}/${string}`;
export function objectKey(kind: Kind, meta: Pick<ObjectMeta, "name" | "namespace">): ObjectKey {
  return `${resourceKind(kind, meta.namespace)}/${objectId(meta)}`;
}

/** As {@link objectKey}, of an {@link objectId}. */
export function keyOfId(kind: Kind, id: string): ObjectKey {
  return `${id.includes("/") ? `${prefix}${kind}` : kind}/${id}`;
}

/** What a reference text begins with that means an object of the referrer's own namespace. */
const own = "./";

/** The text that a reference is decoded to: `acr` for a cluster-scoped object, `./acr` for one of the referrer's own namespace. */
export function toRef(name: string, scope: ObjectScope): string {
  return scope === "Cluster" ? name : `${own}${name}`;
}

/** {@link objectId} of what a decoded reference means to a referrer in this namespace. A cluster-scoped referrer can name cluster-scoped objects only. */
export function resolveRef(ref: string, namespace: string | undefined): string {
  return namespace !== undefined && ref.startsWith(own) ? objectId({ name: ref.slice(own.length), namespace }) : ref;
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
    uid:
      textOf(ownValue(metadata, "uid")) ??
      `${textOf(ownValue(raw, "kind")) ?? ""}/${objectId({ name, ...(namespace !== undefined && { namespace }) })}`,
    generation: typeof generation === "number" && Number.isSafeInteger(generation) ? generation : 1,
    resourceVersion: textOf(ownValue(metadata, "resourceVersion")) ?? "",
    creationTime: Number.isNaN(created) ? 0 : created,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
