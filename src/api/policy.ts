import type { Scope } from "../oci/pattern.ts";
import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { maxItems, scopeField } from "./fields.ts";
import { converted, list, type Schema, struct } from "./schema.ts";

/** What a verdict against an image does at a door: stop it, warn its author, or be written down only. */
export type Enforcement = "Enforce" | "Warn" | "Audit";
/** What an inconclusive answer becomes at a door. */
export type OnInconclusive = "Deny" | "Warn" | "Allow";
/** What a tag becomes at admission: its digest, a refusal, or what it is. */
export type TagHandling = "Pin" | "Refuse" | "Accept";
/** What evidence of an image index is wanted of: the index, or each of the platforms' manifests that it names. */
export type PlatformHandling = "Index" | "Named";
/** What is counted: people (distinct signers) or signatures (distinct artifacts). */
export type Count = "Signers" | "Artifacts";

/** What one Verifier has to have found, or what has to be true of everything that was found. */
export type LeafSpec =
  | {
      readonly type: "verifier";
      /** A reference as `resolveRef` (object.ts) reads it. */
      readonly verifier: string;
      /** 1 to 64. Default 1. */
      readonly atLeast: number;
      /** Default `Signers`. */
      readonly count: Count;
      /** Besides: no artifact that it judges may be rejected. Default false. */
      readonly every: boolean;
    }
  | {
      readonly type: "expression";
      /** CEL, ≤ 2048 characters; docs/reference/policy.md has the variables. */
      readonly expression: string;
    };

/** One entry of `require`: holds if one of its leaves does. An entry that is written as a single leaf is one with one. */
export interface RequirementSpec {
  readonly name?: string;
  readonly anyOf: readonly LeafSpec[];
}

/** Images that are let through until then, and why. */
export interface ExceptionSpec {
  readonly scopes: readonly Scope[];
  /** Epoch ms; from this moment on it does not count any more. */
  readonly expirationTime: number;
  readonly reason: string;
}

/** `metav1.LabelSelector`, every entry ANDed; an empty one matches every namespace. */
export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    readonly values: readonly string[];
  }[];
}

export interface PolicySpec {
  readonly scopes: readonly Scope[];
  readonly excludeScopes: readonly Scope[];
  /** Of a cluster-scoped Policy only; a namespaced one has an empty one. */
  readonly namespaceSelector: LabelSelector;
  readonly enforcement: Enforcement;
  readonly onInconclusive: OnInconclusive;
  readonly tags: TagHandling;
  readonly exceptions: readonly ExceptionSpec[];
  /** Every entry has to hold; never empty. */
  readonly require: readonly RequirementSpec[];
}

/** Of an invalid Policy: images and namespaces that it may have been meant for, never fewer than a valid reading of it would reach. */
export interface PolicySalvage {
  readonly scopes: readonly Scope[];
  readonly excludeScopes: readonly Scope[];
  readonly namespaceSelector: LabelSelector;
}

const everyNamespace: LabelSelector = { matchLabels: new Map(), matchExpressions: [] };

/** `spec` of a Policy. */
export const policySpec: Schema<PolicySpec, "present"> = converted(
  struct("Which results an image needs.", {
    scopes: list("Images that it is for.", scopeField('host, host:port or host/path, or "*" for every image.'), {
      minItems: 1,
      maxItems,
      listType: "set",
    }),
  }),
  ({ scopes }) => ({
    scopes,
    excludeScopes: [],
    namespaceSelector: everyNamespace,
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [],
  }),
);

/** Decodes a Policy as it came from the API server or a file. Never throws. */
export function decodePolicy(raw: unknown): Decoded<PolicySpec, PolicySalvage> {
  return decodeObject(policySpec, raw, () => ({ scopes: [{ kind: "all" }], excludeScopes: [], namespaceSelector: everyNamespace }));
}
