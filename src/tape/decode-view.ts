import { errorClasses, type Failure } from "../api/error-class.ts";
import { defaultLimits, type StoreLimits } from "../api/store.ts";
import type { ViewException, ViewLeaf, ViewPolicy, ViewRequirement } from "../engine/view.ts";
import { flag, list, oneOf, optional, type Shape, struct, text, union, whole } from "./shape.ts";
import type { Tape, TapePlace, TapeStore, TapeView, TapeViewVerifier } from "./tape.ts";

const longest = { name: 512, key: 4096, message: 4096, expression: 65_536 } as const;
/** Of one view: what a schema allows is less, and the number of objects of a cluster is the only other bound. */
const most = { objects: 4096, policies: 1024, leaves: 64, repositories: 16 } as const;
/** What a `Date` can hold. */
const latestTime = 8.64e15;
const longestMs = 3_600_000;
/** Larger than any schema allows. */
const largest = 2 ** 40;

const failure: Shape<Failure> = struct<Failure>({
  class: oneOf(...errorClasses),
  message: text(longest.message),
  retryAt: optional(whole(0, latestTime)),
});

/** One that a later version added was not asked for when this was recorded. */
const limit = (name: keyof StoreLimits): { readonly optional: Shape<number> } => optional(whole(1, name === "depth" ? 64 : largest));
const someLimits: Shape<Partial<StoreLimits>> = struct<Partial<StoreLimits>>({
  artifacts: limit("artifacts"),
  pages: limit("pages"),
  manifestBytes: limit("manifestBytes"),
  blobBytes: limit("blobBytes"),
  totalBytes: limit("totalBytes"),
  depth: limit("depth"),
});

const place: Shape<TapePlace> = struct<TapePlace>({
  key: text(longest.key),
  host: text(longest.key),
  identity: whole(0, most.objects * 2),
  authority: whole(0, most.objects * 2),
  repositories: list(text(longest.key), most.repositories),
});

const store: Shape<TapeStore> = struct<TapeStore>({
  name: text(longest.name),
  evidence: oneOf("Required", "Optional"),
  timeoutMs: whole(1, longestMs),
  limits: (value, at) => ({ ...defaultLimits, ...someLimits(value, at) }),
  problem: optional(failure),
  place: optional((value, at) => (value === "lost" ? value : place(value, at))),
});

const verifier: Shape<TapeViewVerifier> = struct<TapeViewVerifier>({
  name: text(longest.name),
  problem: optional(text(longest.message)),
  isOutOfScope: optional(oneOf(true)),
  isBuilt: optional(oneOf(true)),
});

const leaf: Shape<ViewLeaf> = union<ViewLeaf>({
  verifier: struct<Extract<ViewLeaf, { type: "verifier" }>>({
    type: oneOf("verifier"),
    verifier: text(longest.name),
    atLeast: whole(1, largest),
    count: oneOf("Signers", "Artifacts"),
    every: flag,
  }),
  expression: struct<Extract<ViewLeaf, { type: "expression" }>>({ type: oneOf("expression"), expression: text(longest.expression) }),
});

const policy: Shape<ViewPolicy> = struct<ViewPolicy>({
  name: text(longest.name),
  enforcement: oneOf("Enforce", "Warn", "Audit"),
  onInconclusive: oneOf("Deny", "Warn", "Allow"),
  tags: oneOf("Pin", "Refuse", "Accept"),
  platforms: optional(oneOf("Index", "Named")),
  exceptions: list(struct<ViewException>({ expirationTime: whole(-latestTime, latestTime), reason: text(longest.message) }), most.leaves),
  require: list(struct<ViewRequirement>({ name: optional(text(longest.name)), anyOf: list(leaf, most.leaves) }), most.leaves),
  problem: optional(text(longest.message)),
});

const view: Shape<TapeView> = struct<TapeView>({
  revision: text(longest.name),
  stores: list(store, most.objects),
  verifiers: list(verifier, most.objects),
  policies: list(policy, most.policies),
});

export const realmsShape: Shape<Tape["realms"]> = struct<Tape["realms"]>({ cluster: view, namespaced: optional(view) });
