import { authProviderSpec, decodeAuthProvider } from "./auth-provider.ts";
import type { Decoded } from "./diagnostic.ts";
import { decodeKeyProvider, keyProviderSpec } from "./key-provider.ts";
import type { Kind } from "./object.ts";
import type { Schema } from "./schema.ts";
import { authProviderStatus, keyProviderStatus, storeStatus, verifierStatus } from "./status.ts";
import { decodeStore, storeSpec } from "./store.ts";
import { decodeVerifier, verifierSpec } from "./verifier.ts";

export const group = "countersign.dev";
export const version = "v1alpha1";
/** `apiVersion` of every kind. */
export const apiVersion = `${group}/${version}`;
/** What `kubectl get countersign` lists. */
export const category = "countersign";

/** A column of `kubectl get`; `priority: 1` shows with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly priority?: number;
  readonly description: string;
}

/** What is known of a kind; everything that handles any kind reads it here. */
export interface KindRow {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: Schema;
  readonly status: Schema;
  readonly columns: readonly PrinterColumn[];
  readonly decode: (raw: unknown) => Decoded<unknown, unknown>;
}

const ready: readonly PrinterColumn[] = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status', description: "Whether it works." },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: "Why." },
];
const type: PrinterColumn = { name: "Type", type: "string", jsonPath: ".spec.type", description: "spec.type." };
const age: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since it was created.",
};
const message: PrinterColumn = {
  name: "Message",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  priority: 1,
  description: "Why, for people.",
};

/** The kinds, in the order in which they are listed. */
export const kindTable: { readonly [K in Kind]: KindRow & { readonly kind: K } } = {
  Store: {
    kind: "Store",
    plural: "stores",
    singular: "store",
    shortName: "csstore",
    description: "Where artifacts (signatures, attestations) and their referrers are read.",
    spec: storeSpec,
    status: storeStatus,
    decode: decodeStore,
    columns: [
      ...ready,
      { name: "Registry", type: "string", jsonPath: ".status.registry", description: "Registry that is read, and how many more." },
      { name: "Auth", type: "string", jsonPath: ".status.auth", description: "AuthProvider that answers, and how many more." },
      { name: "Checked", type: "date", jsonPath: ".status.lastCheckTime", description: "Time since a host was last asked." },
      age,
      { name: "Failures", type: "integer", jsonPath: ".status.consecutiveFailures", priority: 1, description: "Failures in a row." },
      { name: "Last-OK", type: "date", jsonPath: ".status.lastSuccessTime", priority: 1, description: "Time since a host last answered." },
      { name: "Latency-ms", type: "integer", jsonPath: ".status.latencyMilliseconds", priority: 1, description: "How long that took." },
      message,
    ],
  },
  AuthProvider: {
    kind: "AuthProvider",
    plural: "authproviders",
    singular: "authprovider",
    shortName: "csauth",
    description: "Credentials for the registries that match spec.registries, and for no others.",
    spec: authProviderSpec,
    status: authProviderStatus,
    decode: decodeAuthProvider,
    columns: [
      ...ready,
      type,
      { name: "Stores", type: "integer", jsonPath: ".status.boundStores", description: "How many Stores may use it." },
      age,
      message,
    ],
  },
  Verifier: {
    kind: "Verifier",
    plural: "verifiers",
    singular: "verifier",
    shortName: "csverifier",
    description: "How one kind of artifact is judged.",
    spec: verifierSpec,
    status: verifierStatus,
    decode: decodeVerifier,
    columns: [
      ...ready,
      type,
      { name: "Keys", type: "integer", jsonPath: ".status.keys", description: "How many keys it trusts." },
      age,
      message,
    ],
  },
  KeyProvider: {
    kind: "KeyProvider",
    plural: "keyproviders",
    singular: "keyprovider",
    shortName: "cskey",
    description: "Keys that Verifiers trust.",
    spec: keyProviderSpec,
    status: keyProviderStatus,
    decode: decodeKeyProvider,
    columns: [
      ...ready,
      type,
      { name: "Keys", type: "integer", jsonPath: ".status.keyCount", description: "How many keys it gives." },
      age,
      message,
    ],
  },
};
