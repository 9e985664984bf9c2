import { baseKind, objectKey, type ResourceKind } from "../api/object.ts";
import type { CheckEntry, Composition, ImageRequest, ObjectRow, RecordedReport } from "../cli/ports.ts";
import type { Discovery } from "../engine/discovery.ts";
import type { Report } from "../engine/report.ts";
import type { ImageResolution } from "../engine/resolve-image.ts";
import type { ManifestSource } from "../manifests/source.ts";
import type { ResourceSource } from "../operator/ports.ts";
import { statusOf } from "../operator/status-of.ts";
import { explain } from "../snapshot/explain.ts";
import type { Explanation } from "../snapshot/explanation.ts";
import { checkEntries } from "./check.ts";
import type { Core } from "./core.ts";

interface Parts {
  readonly core: Core;
  readonly source: ResourceSource;
  /** Aborted on disposal: ends what follows the source. */
  readonly lifetime: AbortController;
  readonly dispose?: () => Promise<void>;
}

/** What both ways of reading resources have in common. */
abstract class Reading implements Composition {
  protected readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  abstract rows(kind: ResourceKind, signal: AbortSignal): Promise<readonly ObjectRow[]>;

  verify(request: ImageRequest, signal: AbortSignal): Promise<Report> {
    return this.parts.core.judge(request, signal);
  }

  record(request: ImageRequest, signal: AbortSignal): Promise<RecordedReport> {
    return this.parts.core.record(request, signal);
  }

  resolve(image: string, signal: AbortSignal): Promise<ImageResolution> {
    return this.parts.core.resolve(image, signal);
  }

  discover(image: string, signal: AbortSignal): Promise<Discovery> {
    return this.parts.core.discover(image, signal);
  }

  explain(image: string, namespace?: string): Explanation {
    const { core } = this.parts;
    return explain(image, core.snapshot(), {
      now: core.now(),
      ...(namespace !== undefined && { namespace: core.namespaceOf(namespace) }),
    });
  }

  check(): readonly CheckEntry[] {
    return checkEntries(this.parts.core.snapshot());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.parts.lifetime.abort(new DOMException("The command has ended", "AbortError"));
    await (this.parts.dispose?.() ?? this.parts.core[Symbol.asyncDispose]());
  }
}

/** Objects with the status that the operator has written. */
export class ClusterReading extends Reading {
  rows(kind: ResourceKind): Promise<readonly ObjectRow[]> {
    return Promise.resolve([...this.parts.source.objects(kind)].map(([id, object]) => toRow(kind, { id, object })));
  }
}

/** Objects with the status that the operator would write: every host is probed once first. */
export class FileReading extends Reading {
  readonly #files: ManifestSource;

  constructor(parts: Omit<Parts, "source"> & { readonly source: ManifestSource }) {
    super(parts);
    this.#files = parts.source;
  }

  override check(): readonly CheckEntry[] {
    const unusable = this.#files
      .problems()
      .map(({ file, message }) => ({ kind: "File", name: file, accepted: false, reason: "Unreadable", message }));
    return [...super.check(), ...unusable];
  }

  async rows(kind: ResourceKind, signal: AbortSignal): Promise<readonly ObjectRow[]> {
    const { core, source } = this.parts;
    const snapshot = core.snapshot();
    await Promise.all([...snapshot.stores.values()].map((entry) => core.prober.check(objectKey("Store", entry.meta), signal)));
    return rowsWithStatus(kind, core, source);
  }
}

/** Rows of a kind, each with the status that the operator would write now. */
export function rowsWithStatus(kind: ResourceKind, core: Core, source: ResourceSource): readonly ObjectRow[] {
  const snapshot = core.snapshot();
  return [...source.objects(kind)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, object]) => {
      const own = { kind: baseKind(kind), name: id };
      const status = statusOf(own, { snapshot, health: (key) => core.prober.health(key), now: core.now(), standing: undefined });
      return toRow(kind, { id, object: { ...(object as object), ...(status !== undefined && { status }) } });
    });
}

function toRow(kind: ResourceKind, { id, object }: { readonly id: string; readonly object: unknown }): ObjectRow {
  const slash = id.indexOf("/");
  const created = (object as { readonly metadata?: { readonly creationTimestamp?: unknown } }).metadata?.creationTimestamp;
  const creationTime = typeof created === "string" ? Date.parse(created) : Number.NaN;
  return {
    kind,
    ...(slash >= 0 && { namespace: id.slice(0, slash) }),
    name: id.slice(slash + 1),
    creationTime: Number.isNaN(creationTime) ? 0 : creationTime,
    object,
  };
}
