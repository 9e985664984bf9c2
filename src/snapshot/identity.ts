import {
  decodeMeta,
  type Kind,
  objectId,
  objectKey,
  type ObjectKey,
  type ObjectMeta,
  type ResourceKind,
  resourceKind,
} from "../api/object.ts";
import type { Diagnostic } from "../api/diagnostic.ts";
import { ownValue } from "../api/walk.ts";

/** Which object is compiled, by the key that it is kept under, and what is there. */
export interface Given {
  readonly base: Kind;
  readonly name: string;
  readonly namespace?: string;
  readonly raw: unknown;
}

/** An object as the compiler takes it. */
export interface Identified {
  /** Its kind is the one that it is kept under: which schema it is decoded by is not for the object to choose. */
  readonly raw: unknown;
  readonly meta: ObjectMeta;
  readonly id: string;
  readonly key: ObjectKey;
}

/** Undefined where the object is gone. */
export function identify({ base, name, namespace, raw }: Given): Identified | undefined {
  if (raw === undefined) return undefined;
  const { namespace: _said, ...said } = decodeMeta(raw);
  const meta: ObjectMeta = { ...said, name, ...(namespace !== undefined && { namespace }) };
  const kind = resourceKind(base, namespace);
  return { raw: ownValue(raw, "kind") === kind ? raw : withKind(raw, kind), meta, id: objectId(meta), key: objectKey(base, meta) };
}

function withKind(raw: unknown, kind: ResourceKind): unknown {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? { ...raw, kind } : raw;
}

/** Whether a compiled object is of the same generation of the same object. */
export function isSame(before: { readonly meta: ObjectMeta } | undefined, { meta }: Identified): boolean {
  return before !== undefined && before.meta.uid === meta.uid && before.meta.generation === meta.generation;
}

/** The first defect, as it follows "is invalid:". */
export function firstDefect(diagnostics: readonly Diagnostic[]): string {
  const [diagnostic] = diagnostics;
  if (diagnostic === undefined) return "";
  return diagnostic.path === undefined ? diagnostic.message : `${diagnostic.path}: ${diagnostic.message}`;
}
