import type { KubeClient } from "./client.ts";
import { isExpired, KubeError } from "./kube-error.ts";
import { type KubeObject, takeObject } from "./object.ts";
import type { NamespaceLimits, NamespaceQuota } from "./namespace-quota.ts";
import { ObjectList } from "./object-cache.ts";
import { type Collection, collectionPath } from "./resource.ts";
import { record, text } from "./status.ts";

/** How a list is read. */
export interface ListOptions {
  readonly collection: Collection;
  readonly maxObjects: number;
  /** What one namespace may take of it. Default: all. */
  readonly perNamespace?: NamespaceLimits;
  /** Objects per answer. Default 500, client-go's. */
  readonly pageSize?: number;
  /** Bytes per answer. Default 32 MiB; a page that does not fit is asked for again in a quarter of its size. */
  readonly maxPageBytes?: number;
  /** See `KubeRequest.retries`; default 0: whoever lists has a backoff. */
  readonly retries?: number;
}

/** A complete list and the state of the server that it shows. */
export interface Listed {
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Which of them stand for more than they are. */
  readonly quota: NamespaceQuota;
  readonly resourceVersion: string;
}

/**
 * Reads a whole collection, consistently: with no resourceVersion, the API server answers from a quorum, and never from a cache that lags behind
 * (design 5: `"0"` could bring back an older, weaker policy).
 * @throws {KubeError} with any code
 */
export async function listObjects(client: KubeClient, options: ListOptions, signal: AbortSignal): Promise<Listed> {
  try {
    return await listPages(client, options, signal);
  } catch (error) {
    if (!isExpired(error)) throw error;
    // The state that the pages were cut from is gone (etcd compaction). A page of another state does not fit to them: from the start, once.
    return listPages(client, options, signal);
  }
}

async function listPages(client: KubeClient, options: ListOptions, signal: AbortSignal): Promise<Listed> {
  const list = new ObjectList(options);
  let pageSize = options.pageSize ?? 500;
  let from: string | undefined;
  for (;;) {
    const query = { limit: String(pageSize), ...(from !== undefined && { continue: from }) };
    let body: unknown;
    try {
      body = (await client.request(pageRequest(options, query), signal)).body;
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== "KUBE_LIMIT_EXCEEDED" || pageSize === 1) throw error;
      pageSize = Math.ceil(pageSize / 4);
      continue;
    }
    const page = decodePage(body, options.collection);
    for (const item of page.items) list.set(takeObject(item, options.collection.retain));
    if (page.continue === undefined) {
      return { objects: list.objects, quota: list.quota, resourceVersion: page.resourceVersion };
    }
    if (page.continue === from)
      throw new KubeError("KUBE_PROTOCOL_VIOLATION", `The list of ${options.collection.resource.plural} goes in circles`);
    from = page.continue;
  }
}

function pageRequest(options: ListOptions, query: Readonly<Record<string, string>>): Parameters<KubeClient["request"]>[0] {
  return {
    method: "GET",
    path: collectionPath(options.collection),
    query,
    maxBytes: options.maxPageBytes ?? 32 * 1024 * 1024,
    timeoutMs: 60_000, // the API server's own limit for a list
    retries: options.retries ?? 0,
  };
}

interface Page {
  readonly items: readonly unknown[];
  readonly continue: string | undefined;
  readonly resourceVersion: string;
}

function decodePage(body: unknown, collection: Collection): Page {
  const { items, metadata } = record(body);
  const resourceVersion = text(record(metadata)["resourceVersion"]);
  // Go writes an empty list of some kinds as null.
  const entries: unknown = items ?? [];
  if (!Array.isArray(entries) || resourceVersion === undefined) {
    throw new KubeError("KUBE_PROTOCOL_VIOLATION", `The API server sent something else than a list of ${collection.resource.plural}`);
  }
  return { items: entries, continue: text(record(metadata)["continue"]), resourceVersion };
}
