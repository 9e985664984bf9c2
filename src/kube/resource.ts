import type { Retain } from "./object.ts";

/** Where a kind of object lives in the API. */
export interface Resource {
  /** Absent: the core group. */
  readonly group?: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

/** Objects of one kind: of the cluster, of one namespace, or of all namespaces. */
export interface Collection {
  readonly resource: Resource;
  /** Of a namespaced kind: the namespace, or `"*"` for all. Absent: the kind is cluster-scoped. */
  readonly namespace?: string;
  /** What is kept of each object. Default: all of it. */
  readonly retain?: Retain;
}

/** How the keys of a collection read: see `keyOf`. */
export function scopeOf(collection: Collection): "cluster" | "namespace" | "all-namespaces" {
  if (collection.namespace === undefined) return "cluster";
  return collection.namespace === "*" ? "all-namespaces" : "namespace";
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === undefined || resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Path of a collection: `/apis/apps/v1/namespaces/default/deployments`. */
export function collectionPath(collection: Collection): string {
  const { resource, namespace } = collection;
  const group =
    resource.group === undefined || resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined || namespace === "*" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${group}${scope}/${resource.plural}`;
}

/** Path of one object, or of a subresource of it. */
export function objectPath(collection: Collection, name: string, subresource?: string): string {
  const path = `${collectionPath(collection)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
