import type { Scope } from "../oci/pattern.ts";
import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { maxItems, scopeField } from "./fields.ts";
import { type LabelSelector, labelSelectorField } from "./label-selector.ts";
import { requireField, type RequirementSpec } from "./requirement.ts";
import { choice, clusterOnly, list, struct, text } from "./schema.ts";
import { timestampField } from "./timestamp.ts";
import { type SpecSchemas, withTwin } from "./twin.ts";
import { Findings, ownValue, walk } from "./walk.ts";

export type { LabelSelector } from "./label-selector.ts";
export type { Count, LeafSpec, RequirementSpec } from "./requirement.ts";

/** What a verdict against an image does at a door: stop it, warn its author, or be written down only. */
export type Enforcement = "Enforce" | "Warn" | "Audit";
/** What an inconclusive answer becomes at a door. */
export type OnInconclusive = "Deny" | "Warn" | "Allow";
/** What a tag becomes at admission: its digest, a refusal, or what it is. */
export type TagHandling = "Pin" | "Refuse" | "Accept";
/** What evidence of an image index is wanted of: the index, or each of the platforms' manifests that it names. */
export type PlatformHandling = "Index" | "Named";

/** Images that are let through until then, and why. */
export interface ExceptionSpec {
  readonly scopes: readonly Scope[];
  /** Epoch ms; from this moment on it does not count any more. */
  readonly expirationTime: number;
  readonly reason: string;
}

export interface PolicySpec {
  readonly scopes: readonly Scope[];
  readonly excludeScopes: readonly Scope[];
  /** Of a cluster-scoped Policy only; a namespaced one has an empty one. */
  readonly namespaceSelector: LabelSelector;
  readonly enforcement: Enforcement;
  readonly onInconclusive: OnInconclusive;
  readonly tags: TagHandling;
  readonly platforms: PlatformHandling;
  readonly exceptions: readonly ExceptionSpec[];
  /** Every entry has to hold; never empty. */
  readonly require: readonly RequirementSpec[];
}

/** Of an invalid Policy: images and namespaces that it may have been meant for, never fewer than a valid reading of it would reach. */
export interface PolicySalvage {
  /** Those that parsed; everything if any did not, or if there are none. */
  readonly scopes: readonly Scope[];
  /** None unless all of them are valid. */
  readonly excludeScopes: readonly Scope[];
  /** Of every namespace unless all of it is valid. */
  readonly namespaceSelector: LabelSelector;
}

const scope = scopeField(
  'host, host:port or host/path. The path is compared by whole segments. "*" as one whole label of the host stands for exactly one label, never for one of the last two; "*" alone matches every image.',
);
const scopes = list("Images that this Policy is for. Every Policy that matches an image has to allow it: none weakens another.", scope, {
  minItems: 1,
  maxItems,
  listType: "set",
});
const excludeScopes = list("Images among them that it is not for.", scope, { maxItems, listType: "set", default: [] });
const namespaceSelector = clusterOnly(labelSelectorField("Namespaces that it is for, by their labels; empty: every one."));

/** What is not for ever is a handful; with as many scopes as elsewhere the rules would be too dear for the API server. */
const mostExceptions = 16;
const mostExceptionScopes = 8;

/** `spec` of a Policy. */
export const policySpec: SpecSchemas<PolicySpec> = withTwin(
  struct("Which results an image needs.", {
    scopes,
    excludeScopes,
    namespaceSelector,
    enforcement: choice(
      "What a verdict against an image does. Enforce: the image is refused. Warn: its author is warned. Audit: it is written down.",
      ["Enforce", "Warn", "Audit"],
      { default: "Enforce" },
    ),
    onInconclusive: choice(
      "What becomes of an image at admission when it cannot be found out whether it may run. Allow is the one way in which a failure lets an image through.",
      ["Deny", "Warn", "Allow"],
      { default: "Deny" },
    ),
    tags: choice(
      "What a tag becomes at admission. Pin: the digest that was verified takes its place. Refuse: images must be named by digest. Accept: it stays, and may mean another image later.",
      ["Pin", "Refuse", "Accept"],
      { default: "Pin" },
    ),
    platforms: choice(
      "What evidence of an image index is wanted of. Index: the index. Named: each manifest of a platform that the index names has to satisfy the Policy by itself.",
      ["Index", "Named"],
      { default: "Index" },
    ),
    exceptions: list(
      "Images that are let through whatever is found of them, until a moment.",
      struct("One exception.", {
        scopes: list("Images that are let through.", scope, { minItems: 1, maxItems: mostExceptionScopes, listType: "set" }),
        expirationTime: timestampField(
          "When it ends, as in 2027-01-31T00:00:00Z: from this second on it does not count. The status announces it a week ahead.",
        ),
        reason: text("Why, such as the number of a ticket; reports show it.", { minLength: 1, maxLength: 256 }),
      }),
      { maxItems: mostExceptions, listType: "atomic", default: [] },
    ),
    require: requireField,
  }),
);

const everyNamespace: LabelSelector = { matchLabels: new Map(), matchExpressions: [] };

/** Decodes a Policy as it came from the API server or a file. Never throws. */
export function decodePolicy(raw: unknown): Decoded<PolicySpec, PolicySalvage> {
  return decodeObject(policySpec, raw, (spec, scope) => ({
    scopes: walk(scopes, ownValue(spec, "scopes"), "", new Findings()) ?? [{ kind: "all" }],
    excludeScopes: walk(excludeScopes, ownValue(spec, "excludeScopes"), "", new Findings()) ?? [],
    // A namespaced one has no selector: one that is written all the same takes nothing away.
    namespaceSelector:
      (scope === "Cluster" ? walk(namespaceSelector, ownValue(spec, "namespaceSelector"), "", new Findings()) : undefined) ??
      everyNamespace,
  }));
}
