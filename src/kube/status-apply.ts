import { InvariantError } from "../kernel/error.ts";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { apiVersionOf, type Collection, objectPath, scopeOf } from "./resource.ts";
import { record, text } from "./status.ts";

/** A status to be written, as judged from one state of its object. */
export interface StatusApply {
  /** Of an object of a namespaced kind; absent for any other. */
  readonly namespace?: string;
  readonly name: string;
  /** Of the object that was judged: a later one, or another of the same name, must not get this status. */
  readonly resourceVersion: string;
  /** The whole status: what we own and leave out is removed by the server. */
  readonly status: unknown;
}

/**
 * What became of it. `applied`: `echo` is the status as the server keeps it, with its schema's defaults; `conflict`: the object has changed or been
 * recreated, judge it anew; `gone`: there is none.
 */
export type StatusApplied =
  | { readonly outcome: "applied"; readonly echo: unknown; readonly resourceVersion: string }
  | { readonly outcome: "conflict" | "gone" };

/** What a status writer is made of. */
export interface StatusSinkOptions {
  readonly client: KubeClient;
  /** The collection of each kind that statuses are written to; of all namespaces for namespaced kinds. */
  readonly collections: readonly Collection[];
  /** Owner of the fields; the same in every replica and version, or two of them would keep each other's fields. */
  readonly fieldManager: string;
}

/**
 * Writes a status by server-side apply. Forced: another writer of our fields loses. The resourceVersion in the body is what refuses an old verdict
 * for a recreated object: on `/status` of a custom resource the API server does not look at `metadata.uid` (real-parts 1.6). A member that the schema
 * does not know is not pruned: the apply as a whole is refused with 500, so an operator must not be newer than its CRDs.
 * @throws {KubeError} with any code
 */
export async function applyStatus(
  target: { readonly client: KubeClient; readonly collection: Collection; readonly fieldManager: string },
  write: StatusApply,
  signal: AbortSignal,
): Promise<StatusApplied> {
  const { client, collection, fieldManager } = target;
  const namespace = collection.namespace;
  const body = {
    apiVersion: apiVersionOf(collection.resource),
    kind: collection.resource.kind,
    metadata: { name: write.name, ...(namespace !== undefined && { namespace }), resourceVersion: write.resourceVersion },
    status: write.status,
  };
  const path = objectPath(collection, write.name, "status");
  try {
    const query = { fieldManager, force: "true" };
    // JSON is YAML; the API server offers no JSON type for an apply.
    const answer = await client.request({ method: "PATCH", path, query, body, contentType: "application/apply-patch+yaml" }, signal);
    const resourceVersion = text(record(record(answer.body)["metadata"])["resourceVersion"]);
    if (resourceVersion === undefined) throw new KubeError("KUBE_PROTOCOL_VIOLATION", `PATCH ${path} was answered without an object`);
    return { outcome: "applied", echo: record(answer.body)["status"], resourceVersion };
  } catch (error) {
    if (error instanceof KubeError && error.status === 409) return { outcome: "conflict" };
    // Without a reason the 404 is about the path: the kind is not served, which may pass. A kind that is served without a status cannot be told apart.
    if (error instanceof KubeError && error.status === 404 && error.reason === "NotFound") return { outcome: "gone" };
    throw error;
  }
}

/** Writes statuses of several kinds; satisfies the operator's port for where statuses go. */
export class KubeStatusSink {
  readonly #options: StatusSinkOptions;
  readonly #collections: ReadonlyMap<string, Collection>;

  constructor(options: StatusSinkOptions) {
    this.#options = options;
    this.#collections = new Map(options.collections.map((collection) => [collection.resource.kind, collection]));
  }

  /**
   * See {@link applyStatus}. @throws {KubeError} with any code; an InvariantError for a kind that was not named, or with a namespace where there is none
   * and the other way round
   */
  async apply(write: StatusApply & { readonly kind: string }, signal: AbortSignal): Promise<StatusApplied> {
    return applyStatus({ ...this.#options, collection: this.#collectionOf(write) }, write, signal);
  }

  #collectionOf({ kind, namespace }: { readonly kind: string; readonly namespace?: string }): Collection {
    const known = this.#collections.get(kind);
    if (known === undefined) throw new InvariantError(`No collection is named for kind "${kind}"`);
    const scope = scopeOf(known);
    if (scope === "all-namespaces" ? namespace === undefined : namespace !== undefined && namespace !== known.namespace) {
      throw new InvariantError(`An object of kind "${kind}" is named ${namespace === undefined ? "without" : "with"} a namespace`);
    }
    return namespace === undefined ? known : { ...known, namespace };
  }
}

/** True when two statuses say the same as JSON: a member that is `undefined` is absent, members have no order. Only a difference is worth a write. */
export function sameStatus(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameStatus(item, b[index]));
  }
  const present = (value: object): [string, unknown][] => Object.entries(value).filter(([, member]) => member !== undefined);
  const [left, right] = [present(a), new Map(present(b))];
  return left.length === right.size && left.every(([name, member]) => right.has(name) && sameStatus(member, right.get(name)));
}
