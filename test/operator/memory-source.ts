import { apiVersion } from "../../src/api/kinds.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import type { ResourceSource, SourceListener } from "../../src/operator/ports.ts";

/** Objects in memory, whose changes are told at once. */
export class MemorySource implements ResourceSource {
  readonly kinds = new Map<string, Map<string, unknown>>();
  #listener: SourceListener | undefined;

  start(listener: SourceListener, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    this.#listener = listener;
    return Promise.resolve();
  }
  objects(kind: string): ReadonlyMap<string, unknown> {
    return this.kinds.get(kind) ?? new Map();
  }
  put(kind: ResourceKind, id: string, spec: unknown): void {
    const [name, namespace] = id.split("/").toReversed();
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const group = this.kinds.get(kind) ?? new Map<string, unknown>();
    this.kinds.set(kind, group.set(id, { apiVersion, kind, metadata, spec }));
    this.#listener?.changed(kind, id);
  }
  /** An object of another kind, such as a Secret. */
  putRaw(kind: string, id: string, content: object): void {
    const [name, namespace] = id.split("/").toReversed();
    const metadata = { name, ...(namespace !== undefined && { namespace }), uid: id, resourceVersion: "1" };
    const group = this.kinds.get(kind) ?? new Map<string, unknown>();
    this.kinds.set(kind, group.set(id, { apiVersion: "v1", kind, metadata, ...content }));
    this.#listener?.changed(kind, id);
  }
  remove(kind: string, id: string): void {
    this.kinds.get(kind)?.delete(id);
    this.#listener?.changed(kind, id);
  }
}
