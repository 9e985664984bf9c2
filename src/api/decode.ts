import type { Decoded } from "./diagnostic.ts";
import { judgeObjectName } from "./fields.ts";
import type { Schema } from "./schema.ts";
import { Findings, ownValue, reportUnknownFields, walk } from "./walk.ts";
import { typeName, wording } from "./wording.ts";

/** `metadata` is the API server's business but for the name, which messages and URLs are made of; `status` is ours. */
const envelope = ["apiVersion", "kind", "metadata", "spec", "status"] as const;

/**
 * Decodes one object of a kind whose `spec` has this schema; what `salvage` makes of the raw spec stands in for an invalid one.
 * Never throws, whatever `raw` is.
 */
export function decodeObject<Spec, Salvage>(
  schema: Schema<Spec>,
  raw: unknown,
  salvage: (spec: unknown) => Salvage,
): Decoded<Spec, Salvage> {
  const findings = new Findings();
  const spec = decodeEnvelope(schema, raw, findings);
  if (spec !== undefined && findings.count === 0) return { ok: true, spec };
  return { ok: false, diagnostics: findings.diagnostics, salvage: salvage(ownValue(raw, "spec")) };
}

function decodeEnvelope<Spec>(schema: Schema<Spec>, raw: unknown, findings: Findings): Spec | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    findings.report("", `an object must be of type object: "${typeName(raw)}"`);
    return undefined;
  }
  reportUnknownFields(envelope, raw, "", findings);
  const name = ownValue(ownValue(raw, "metadata"), "name");
  if (name === undefined) findings.report("metadata.name", wording.required);
  else if (typeof name !== "string") findings.report("metadata.name", wording.wrongType("metadata.name", "string", typeName(name)));
  else {
    const said = judgeObjectName(name);
    if (said !== undefined) findings.report("metadata.name", said);
  }
  const spec = ownValue(raw, "spec");
  if (spec === undefined) {
    findings.report("spec", wording.required);
    return undefined;
  }
  return walk(schema, spec, "spec", findings);
}
