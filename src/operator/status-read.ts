import type { Kind } from "../api/object.ts";
import { authProviderStatus, keyProviderStatus, policyStatus, type Statuses, storeStatus, verifierStatus } from "../api/status.ts";
import { Findings, walk } from "../api/walk.ts";

type Readers = { readonly [K in Kind]: (raw: unknown, findings: Findings) => Statuses[K] | undefined };

const readers: Readers = {
  Store: (raw, findings) => walk(storeStatus, raw, "status", findings),
  AuthProvider: (raw, findings) => walk(authProviderStatus, raw, "status", findings),
  Verifier: (raw, findings) => walk(verifierStatus, raw, "status", findings),
  KeyProvider: (raw, findings) => walk(keyProviderStatus, raw, "status", findings),
  Policy: (raw, findings) => walk(policyStatus, raw, "status", findings),
};

/** The status that a raw object has, checked against its schema; undefined if there is none, or not one of ours: it is then written anew as a whole. */
export function readStatus<K extends Kind>(kind: K, raw: unknown): Statuses[K] | undefined {
  return raw === undefined || raw === null ? undefined : readers[kind](raw, new Findings());
}
