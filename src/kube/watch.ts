import type { KubeClient } from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { readLines } from "./lines.ts";
import { type KubeObject, type Retain, takeObject } from "./object.ts";
import { type Collection, collectionPath } from "./resource.ts";
import { decodeStatus, quotable, record, text } from "./status.ts";

/** One event of a watch; `endsInitialEvents`: the objects that were there at the start have all been sent. ERROR events are thrown. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly endsInitialEvents: boolean };

/** Where a watch begins: after a state that we have seen, or with everything there is, which then takes the place of a list. */
export type WatchStart = { readonly from: "resourceVersion"; readonly resourceVersion: string } | { readonly from: "everything" };

/** How a watch is made. */
export interface WatchOptions {
  readonly collection: Collection;
  readonly start: WatchStart;
  /** After so many whole seconds the server ends the watch in good order. */
  readonly timeoutSeconds: number;
  /** Longest silence in ms; asked anew for each chunk. */
  readonly idleMs: () => number;
  /** Longest event, in bytes. */
  readonly maxEventBytes: number;
  /** Called with the head of the answer and with each chunk. */
  readonly onActivity: () => void;
}

/**
 * Opens a watch and gives its events. A line that cannot be read ends it: what it said would be lost, and the server tells it again from the last state seen.
 * @throws {KubeError} with any code; KUBE_REFUSED for an ERROR event as for a refusal
 */
export async function openWatch(
  client: KubeClient,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<AsyncGenerator<WatchEvent, void, void>> {
  const query: Record<string, string> = { watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(options.timeoutSeconds) };
  switch (options.start.from) {
    case "resourceVersion":
      query["resourceVersion"] = options.start.resourceVersion;
      break;
    case "everything":
      // WatchList (KEP-3157). No resourceVersion: the state at the time of the request, by quorum.
      query["sendInitialEvents"] = "true";
      query["resourceVersionMatch"] = "NotOlderThan";
      query["resourceVersion"] = "";
      break;
  }
  const chunks = await client.stream({ path: collectionPath(options.collection), query, idleMs: options.idleMs }, signal);
  options.onActivity();
  return readEvents(chunks, options);
}

async function* readEvents(chunks: AsyncIterable<Uint8Array>, options: WatchOptions): AsyncGenerator<WatchEvent, void, void> {
  for await (const line of readLines(observed(chunks, options.onActivity), { maxLineBytes: options.maxEventBytes }))
    yield decodeEvent(line, options.collection.retain);
}

async function* observed(chunks: AsyncIterable<Uint8Array>, onActivity: () => void): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    onActivity();
    yield chunk;
  }
}

/** One line of a watch. @throws {KubeError} KUBE_REFUSED for an ERROR event, else KUBE_PROTOCOL_VIOLATION */
export function decodeEvent(line: string, retain?: Retain): WatchEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new KubeError("KUBE_PROTOCOL_VIOLATION", "A line of the watch is not JSON"); // the parser's own message would quote it
  }
  const { type, object } = record(parsed);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object: takeObject(object, retain) };
    case "BOOKMARK": {
      const metadata = record(record(object)["metadata"]);
      const resourceVersion = text(metadata["resourceVersion"]);
      if (resourceVersion === undefined) throw new KubeError("KUBE_PROTOCOL_VIOLATION", "A bookmark of the watch has no resourceVersion");
      return { type, resourceVersion, endsInitialEvents: record(metadata["annotations"])["k8s.io/initial-events-end"] === "true" };
    }
    case "ERROR": {
      const status = decodeStatus(object);
      const said = status.message === undefined ? "" : `: ${quotable(status.message)}`;
      throw new KubeError("KUBE_REFUSED", `The watch was ended with ${status.code ?? "an error"}${said}`, {
        status: status.code,
        reason: status.reason,
        causes: status.causes,
        retryAfterMs: status.retryAfterMs,
      });
    }
    default:
      throw new KubeError("KUBE_PROTOCOL_VIOLATION", "A line of the watch is no event of a known type");
  }
}
