import { KubeError } from "./kube-error.ts";
import { record, text } from "./status.ts";

/** What every object has that an API server stores; the rest is for the room that knows its kind. Deep-frozen, without `managedFields`. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    /** Opaque: compared for equality, never ordered. */
    readonly resourceVersion: string;
  };
}

/** Written by `kubectl apply`: the whole object once more, of a Secret with its data. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What of an object is worth its memory: the object, or one with less in it. It may not touch `metadata.name`, `namespace`, `uid`, `resourceVersion`. */
export type Retain = (object: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** Of objects that are looked at for their labels, the rest is not kept. */
export const retainLabels: Retain = (object) => {
  const { name, uid, resourceVersion, creationTimestamp, labels } = record(object["metadata"]);
  return { metadata: { name, uid, resourceVersion, creationTimestamp, ...(labels !== undefined && { labels }) } };
};

/**
 * Takes an object out of a parsed answer: checks its identity, drops what only other writers need, freezes the rest. The argument is changed.
 * @throws {KubeError} KUBE_PROTOCOL_VIOLATION when name, uid or resourceVersion are missing
 */
export function takeObject(received: unknown, retain: Retain = (object) => object): KubeObject {
  const value = retain(record(received));
  const metadata = record(value["metadata"]) as Record<string, unknown>; // ours alone until it is frozen below
  const { name, namespace, uid, resourceVersion } = metadata;
  if (text(name) === undefined || text(uid) === undefined || text(resourceVersion) === undefined) {
    throw new KubeError("KUBE_PROTOCOL_VIOLATION", "The API server sent an object without name, uid or resourceVersion");
  }
  if (namespace !== undefined && text(namespace) === undefined) {
    throw new KubeError("KUBE_PROTOCOL_VIOLATION", "The API server sent an object whose namespace is not a name");
  }
  delete metadata["managedFields"];
  delete (record(metadata["annotations"]) as Record<string, unknown>)[lastApplied];
  // The cast says what the check above has shown.
  return deepFreeze(value as unknown as KubeObject);
}

/** Freezes a JSON value and all that it holds, however deep it nests. */
function deepFreeze<T>(value: T): T {
  const pending: unknown[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== "object" || next === null) continue;
    Object.freeze(next);
    for (const member of Object.values(next)) if (typeof member === "object" && member !== null) pending.push(member);
  }
  return value;
}

/** Key of an object among those of its kind: `name`, or `namespace/name` where several namespaces are watched together. */
export function keyOf(object: KubeObject, scope: "cluster" | "namespace" | "all-namespaces"): string {
  return scope === "all-namespaces" ? `${object.metadata.namespace ?? ""}/${object.metadata.name}` : object.metadata.name;
}
