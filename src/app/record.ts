import type { VerifyRequest } from "../engine/request.ts";
import type { Realms } from "../engine/verify-realms.ts";
import { asObject } from "../oci/json.ts";
import type { Snapshot } from "../snapshot/compiled.ts";
import { explain } from "../snapshot/explain.ts";
import type { TapeCredential } from "../tape/tape.ts";
import type { RecordRequest, VerifierOrigin } from "../tape/record.ts";

/** A request by the views of a snapshot. */
export interface RealmsRequest extends Omit<VerifyRequest, "view"> {
  readonly realms: Realms;
}

/** With what a recording needs beside: what Verifiers are built from, and how credentials were chosen. */
export function toRecordRequest(request: RealmsRequest, snapshot: Snapshot): RecordRequest {
  return {
    ...request,
    credentials: credentialsOf(request, snapshot),
    origin: (id) => originOf(id, snapshot),
  };
}

function credentialsOf({ image, realms, namespace }: RealmsRequest, snapshot: Snapshot): readonly TapeCredential[] {
  const asked = new Set([...realms.cluster.stores, ...(realms.namespaced?.stores ?? [])].map(({ name }) => name));
  // Of policies nothing is taken: the hour does not matter.
  return explain(image, snapshot, { now: 0, ...(namespace !== undefined && { namespace }) })
    .stores.filter(({ name }) => asked.has(name))
    .map(({ name, outcome, authProvider }) => ({
      store: name,
      ...(outcome !== undefined && { outcome }),
      ...(authProvider !== undefined && { authProvider: { name: authProvider.name, pattern: authProvider.pattern } }),
    }));
}

function originOf(id: string, snapshot: Snapshot): VerifierOrigin {
  const entry = snapshot.verifiers.get(id);
  const providers = (entry?.keyProviders ?? []).flatMap((name) => {
    const provider = snapshot.keyProviders.get(name)?.keyProvider;
    return provider === undefined ? [] : [[name, provider] as const];
  });
  return { spec: asObject(entry?.rawSpec) ?? {}, keyProviders: new Map(providers) };
}
