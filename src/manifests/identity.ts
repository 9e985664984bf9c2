import { createHash } from "node:crypto";
import { materialKinds } from "./belonging.ts";
import type { ManifestObject } from "./parse.ts";

/** An object and what it is known by among those of its kind: `name`, or `namespace/name`. */
export interface Keyed {
  readonly key: string;
  readonly manifest: ManifestObject;
  readonly object: Readonly<Record<string, unknown>>;
}

/** An object as an API server would hand it out, and what tells whether it has changed. */
export interface IdentifiedObject {
  readonly manifest: ManifestObject;
  readonly contentHash: string;
  /** Deep-frozen. */
  readonly object: Readonly<Record<string, unknown>>;
}

/** Objects that are gone and whose generation is remembered; the oldest is forgotten. */
const rememberedGone = 10_000;

/**
 * Gives objects of files the metadata that an API server would: `uid` from kind, namespace and name; `generation`, 1 at first, counted on when the spec
 * changes; `resourceVersion`, which changes with the content; one age for all, since in files conflicts are decided by name alone (design 3).
 */
export class Identities {
  readonly #namespace: string;
  readonly #alive = new Map<string, { readonly specHash: string; readonly generation: number }>();
  readonly #gone = new Map<string, number>();
  #secretVersions = 0;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** The object with its metadata; the very same value as `before`, which was known by the same key, if nothing has changed. */
  identify({ key, manifest, object: content }: Keyed, before: IdentifiedObject | undefined): IdentifiedObject {
    const contentHash = hashOf(content);
    if (before?.contentHash === contentHash) return before.manifest === manifest ? before : { ...before, manifest };
    const given = content["metadata"] as Readonly<Record<string, unknown>>; // parseManifests has found a name in it
    const namespace = materialKinds.has(manifest.kind) ? (manifest.namespace ?? this.#namespace) : given["namespace"];
    const metadata = {
      ...given,
      ...(namespace !== undefined && { namespace }),
      uid: hashOf([manifest.kind, namespace ?? "", manifest.name]),
      generation: this.#generation(`${manifest.kind}/${key}`, content),
      resourceVersion: this.#version(manifest.kind, contentHash),
      creationTimestamp: "1970-01-01T00:00:00Z",
    };
    return { manifest, contentHash, object: deepFreeze({ ...content, metadata }) };
  }

  /** The object is gone. Should it come back, it has another generation than it had: uid and generation together are read as "the same". */
  forget(kind: string, key: string): void {
    const of = `${kind}/${key}`;
    const past = this.#alive.get(of);
    if (past === undefined) return;
    this.#alive.delete(of);
    this.#gone.delete(of);
    this.#gone.set(of, past.generation);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > rememberedGone && oldest !== undefined) this.#gone.delete(oldest);
  }

  #generation(of: string, content: Readonly<Record<string, unknown>>): number {
    const specHash = hashOf(content["spec"] ?? "");
    const past = this.#alive.get(of);
    if (past?.specHash === specHash) return past.generation;
    const generation = (past?.generation ?? this.#gone.get(of) ?? 0) + 1;
    this.#alive.set(of, { specHash, generation });
    return generation;
  }

  /** A Secret's is counted: it is shown in statuses, and a hash of what it holds would invite guessing. */
  #version(kind: string, contentHash: string): string {
    if (kind !== "Secret") return contentHash;
    this.#secretVersions += 1;
    return String(this.#secretVersions);
  }
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value) as unknown[]) deepFreeze(member);
  return Object.freeze(value);
}
