import { authProviderSpec, decodeAuthProvider } from "./auth-provider.ts";
import type { Decoded } from "./diagnostic.ts";
import { decodeKeyProvider, keyProviderSpec } from "./key-provider.ts";
import type { Kind, ResourceKind } from "./object.ts";
import { decodePolicy, policySpec } from "./policy.ts";
import type { ObjectScope, Schema } from "./schema.ts";
import { authProviderStatus, keyProviderStatus, policyStatus, storeStatus, verifierStatus } from "./status.ts";
import { decodeStore, storeSpec } from "./store.ts";
import type { SpecSchemas } from "./twin.ts";
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
  readonly kind: ResourceKind;
  /** What the objects of both scopes are in code. */
  readonly base: Kind;
  readonly scope: ObjectScope;
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

/** What both scopes of a kind are made of; names are the cluster-scoped one's. */
type Definition = Omit<KindRow, "kind" | "base" | "scope" | "spec"> & { readonly specs: SpecSchemas<unknown> };

const definitions: { readonly [K in Kind]: Definition } = {
  Store: {
    plural: "stores",
    singular: "store",
    shortName: "csstore",
    description: "Where artifacts (signatures, attestations) and their referrers are read.",
    specs: storeSpec,
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
    plural: "authproviders",
    singular: "authprovider",
    shortName: "csauth",
    description: "Credentials for the registries that match spec.registries, and for no others.",
    specs: authProviderSpec,
    status: authProviderStatus,
    decode: decodeAuthProvider,
    columns: [
      ...ready,
      type,
      { name: "Identity", type: "string", jsonPath: ".status.identity", description: "Whom it acts as at the registries." },
      // A date column would show `<invalid>`: it prints the time since, and this one is to come (operator.md 2.3).
      { name: "Expires", type: "string", jsonPath: ".status.expirationTime", description: "When the first of its credentials ends." },
      { name: "Stores", type: "integer", jsonPath: ".status.boundStores", description: "How many Stores may use it." },
      age,
      {
        name: "Refreshed",
        type: "date",
        jsonPath: ".status.lastRefreshTime",
        priority: 1,
        description: "Time since a credential was fetched.",
      },
      message,
    ],
  },
  Verifier: {
    plural: "verifiers",
    singular: "verifier",
    shortName: "csverifier",
    description: "How one kind of artifact is judged.",
    specs: verifierSpec,
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
    plural: "keyproviders",
    singular: "keyprovider",
    shortName: "cskey",
    description: "Keys that Verifiers trust.",
    specs: keyProviderSpec,
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
  Policy: {
    plural: "policies",
    singular: "policy",
    shortName: "cspolicy",
    description: "Which results an image needs.",
    specs: policySpec,
    status: policyStatus,
    decode: decodePolicy,
    columns: [
      ...ready,
      { name: "Enforcement", type: "string", jsonPath: ".spec.enforcement", description: "What a verdict against an image does." },
      age,
      { name: "On-Inconclusive", type: "string", jsonPath: ".spec.onInconclusive", priority: 1, description: "spec.onInconclusive." },
      { name: "Requirements", type: "integer", jsonPath: ".status.requirements", priority: 1, description: "How many there are." },
      message,
    ],
  },
};

type Row<K extends ResourceKind, B extends Kind, S extends ObjectScope> = Omit<KindRow, "kind" | "base" | "scope"> & {
  readonly kind: K;
  readonly base: B;
  readonly scope: S;
};

function cluster<K extends Kind>(kind: K): Row<K, K, "Cluster"> {
  const { specs, ...shared } = definitions[kind];
  return { ...shared, kind, base: kind, scope: "Cluster", spec: specs.Cluster };
}

/** The same kind with its objects in namespaces. */
function twin<K extends Kind>(base: K): Row<`Namespaced${K}`, K, "Namespaced"> {
  const { specs, description, plural, singular, shortName, ...shared } = definitions[base];
  return {
    ...shared,
    kind: `Namespaced${base}` as const,
    base,
    scope: "Namespaced",
    plural: `namespaced${plural}`,
    singular: `namespaced${singular}`,
    shortName: shortName.replace(/^cs/, "csns"),
    description: `Of one namespace, as ${base} is of the whole cluster: ${description.charAt(0).toLowerCase()}${description.slice(1)}`,
    spec: specs.Namespaced,
  };
}

/** The kinds, in the order in which they are listed. */
export const kindTable: { readonly [K in Kind]: Row<K, K, "Cluster"> } & {
  readonly [K in Kind as `Namespaced${K}`]: Row<`Namespaced${K}`, K, "Namespaced">;
} = {
  Store: cluster("Store"),
  NamespacedStore: twin("Store"),
  AuthProvider: cluster("AuthProvider"),
  NamespacedAuthProvider: twin("AuthProvider"),
  Verifier: cluster("Verifier"),
  NamespacedVerifier: twin("Verifier"),
  KeyProvider: cluster("KeyProvider"),
  NamespacedKeyProvider: twin("KeyProvider"),
  Policy: cluster("Policy"),
  NamespacedPolicy: twin("Policy"),
};
