import type { Decoded } from "./diagnostic.ts";
import { judgeObjectName } from "./fields.ts";
import type { ObjectScope, Schema } from "./schema.ts";
import type { SpecSchemas } from "./twin.ts";
import { Findings, ownValue, reportUnknownFields, walk } from "./walk.ts";
import { typeName, wording } from "./wording.ts";

/** `metadata` is the API server's business but for the name, which messages and URLs are made of; `status` is ours. */
const envelope = ["apiVersion", "kind", "metadata", "spec", "status"] as const;

/**
 * Which schema an object is read by. Whatever may be a tenant's is: of an object that says both, the tenant's schema has the fewer fields, and a
 * namespace on what is cluster-scoped is dropped by whoever reads manifests.
 */
function scopeOf(raw: unknown): ObjectScope {
  const kind = ownValue(raw, "kind");
  const isTwin = typeof kind === "string" && kind.startsWith("Namespaced");
  return isTwin || ownValue(ownValue(raw, "metadata"), "namespace") !== undefined ? "Namespaced" : "Cluster";
}

/**
 * Decodes one object of a kind whose `spec` has these schemas; what `salvage` makes of the raw spec stands in for an invalid one.
 * Never throws, whatever `raw` is.
 */
export function decodeObject<Spec, Salvage>(
  schemas: SpecSchemas<Spec>,
  raw: unknown,
  salvage: (spec: unknown, scope: ObjectScope) => Salvage,
): Decoded<Spec, Salvage> {
  const findings = new Findings();
  const scope = scopeOf(raw);
  const spec = decodeEnvelope({ schema: schemas[scope], scope }, raw, findings);
  if (spec !== undefined && findings.count === 0) return { ok: true, spec };
  return { ok: false, diagnostics: findings.diagnostics, salvage: salvage(ownValue(raw, "spec"), scope) };
}

function decodeEnvelope<Spec>(
  { schema, scope }: { readonly schema: Schema<Spec>; readonly scope: ObjectScope },
  raw: unknown,
  findings: Findings,
): Spec | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    findings.report("", `an object must be of type object: "${typeName(raw)}"`);
    return undefined;
  }
  reportUnknownFields(envelope, raw, "", findings);
  checkIdentity(ownValue(raw, "metadata"), scope, findings);
  const spec = ownValue(raw, "spec");
  if (spec === undefined) {
    findings.report("spec", wording.required);
    return undefined;
  }
  return walk(schema, spec, "spec", findings);
}

function checkIdentity(metadata: unknown, scope: ObjectScope, findings: Findings): void {
  const name = textAt("name", metadata, findings);
  const said = name === undefined ? undefined : judgeObjectName(name);
  if (said !== undefined) findings.report("metadata.name", said);
  if (scope === "Namespaced" && textAt("namespace", metadata, findings) === "") findings.report("metadata.namespace", wording.required);
}

function textAt(field: "name" | "namespace", metadata: unknown, findings: Findings): string | undefined {
  const path = `metadata.${field}`;
  const value = ownValue(metadata, field);
  if (typeof value === "string") return value;
  findings.report(path, value === undefined ? wording.required : wording.wrongType(path, "string", typeName(value)));
  return undefined;
}
