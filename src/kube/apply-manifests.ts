import type { Clock } from "../kernel/clock.ts";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { type Collection, objectPath, type Resource } from "./resource.ts";
import { record, text } from "./status.ts";

/** How manifests are applied. */
export interface ApplyOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly fieldManager: string;
  /** For namespaced objects that name none. Default: the client's, else `default`. */
  readonly namespace?: string;
  /** How long to wait for a kind to be served, and for a CustomResourceDefinition to be established, in ms. Default 30 s. */
  readonly timeoutMs?: number;
}

/** What was applied, as the server keeps it. */
export interface AppliedObject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** How often we look whether something that takes a moment has happened, in ms. */
const pollMs = 200;

/**
 * Applies objects in their order, by forced server-side apply, wherever the server says that their kinds live; a CustomResourceDefinition is waited for,
 * so that objects of its kind may follow it.
 * @throws {KubeError} with any code; KUBE_CONFIG_INVALID for an object without apiVersion, kind or name, or of a kind that the server does not have
 */
export async function applyManifests(
  objects: readonly unknown[],
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<readonly AppliedObject[]> {
  const applied: AppliedObject[] = [];
  for (const object of objects) applied.push(await applyObject(object, options, signal));
  return applied;
}

async function applyObject(object: unknown, options: ApplyOptions, signal: AbortSignal): Promise<AppliedObject> {
  const { client, clock, fieldManager, timeoutMs = 30_000 } = options;
  const { apiVersion, kind, name } = identify(object);
  const found = await waitForKind({ apiVersion, kind }, { client, clock, timeoutMs }, signal);
  const given = text(record(record(object)["metadata"])["namespace"]);
  const namespace = found.namespaced ? (given ?? options.namespace ?? client.namespace ?? "default") : undefined;
  const collection: Collection = { resource: found.resource, ...(namespace !== undefined && { namespace }) };
  const path = objectPath(collection, name);
  const query = { fieldManager, force: "true" };
  await client.request({ method: "PATCH", path, query, body: object, contentType: "application/apply-patch+yaml" }, signal);
  if (kind === "CustomResourceDefinition") await waitUntilEstablished(client, { name, path, clock, timeoutMs }, signal);
  return { kind, name, ...(namespace !== undefined && { namespace }) };
}

async function waitUntilEstablished(
  client: KubeClient,
  options: { readonly name: string; readonly path: string; readonly clock: Clock; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  using deadline = options.clock.deadline(options.timeoutMs, signal);
  const isEstablished = async (): Promise<true | undefined> => {
    const { body } = await client.request({ method: "GET", path: options.path }, deadline.signal);
    const conditions = record(record(body)["status"])["conditions"];
    const holds = (condition: unknown): boolean => record(condition)["type"] === "Established" && record(condition)["status"] === "True";
    return Array.isArray(conditions) && conditions.some(holds) ? true : undefined;
  };
  await poll(isEstablished, options.clock, deadline.signal).catch((error: unknown) => {
    if (signal.aborted || !deadline.signal.aborted) throw error;
    throw new KubeError(
      "KUBE_TIMEOUT",
      `${client.server} did not establish CustomResourceDefinition/${options.name} within ${options.timeoutMs} ms`,
    );
  });
}

/** A kind that was just defined is served a moment later. */
async function waitForKind(
  wanted: Wanted,
  options: { readonly client: KubeClient; readonly clock: Clock; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Found> {
  using deadline = options.clock.deadline(options.timeoutMs, signal);
  try {
    return await poll(() => discover(options.client, wanted, deadline.signal), options.clock, deadline.signal);
  } catch (error) {
    if (signal.aborted || !deadline.signal.aborted) throw error;
    throw new KubeError("KUBE_MANIFEST_INVALID", `${options.client.server} has no kind "${wanted.kind}" in ${wanted.apiVersion}`);
  }
}

interface Wanted {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Found {
  readonly resource: Resource;
  readonly namespaced: boolean;
}

/** Where a kind lives, from the group's own list; `undefined` while it is not in there. */
async function discover(client: KubeClient, wanted: Wanted, signal: AbortSignal): Promise<Found | undefined> {
  const [first = "", second] = wanted.apiVersion.split("/", 2);
  const gv = second === undefined ? { version: first } : { group: first, version: second };
  let body: unknown;
  try {
    const path = gv.group === undefined ? `/api/${gv.version}` : `/apis/${encodeURIComponent(gv.group)}/${encodeURIComponent(gv.version)}`;
    body = (await client.request({ method: "GET", path }, signal)).body;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
  const resources = record(body)["resources"];
  for (const entry of Array.isArray(resources) ? resources : []) {
    const { name, kind, namespaced } = record(entry);
    // A name with a slash is a subresource: "stores/status" has the same kind.
    if (kind !== wanted.kind || typeof name !== "string" || name.includes("/")) continue;
    return { resource: { ...gv, plural: name, kind: wanted.kind }, namespaced: namespaced === true };
  }
  return undefined;
}

async function poll<T>(look: () => Promise<T | undefined>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await clock.sleep(pollMs, signal);
  }
}

function identify(object: unknown): { readonly apiVersion: string; readonly kind: string; readonly name: string } {
  const apiVersion = text(record(object)["apiVersion"]);
  const kind = text(record(object)["kind"]);
  const name = text(record(record(object)["metadata"])["name"]);
  if (apiVersion === undefined || kind === undefined || name === undefined) {
    throw new KubeError("KUBE_MANIFEST_INVALID", "A manifest that is to be applied needs apiVersion, kind and metadata.name");
  }
  return { apiVersion, kind, name };
}
