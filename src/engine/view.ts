import type { Failure } from "../api/error-class.ts";
import type { Count, Enforcement, OnInconclusive, PlatformHandling, TagHandling } from "../api/policy.ts";
import type { Evidence, StoreLimits } from "../api/store.ts";
import type { Store } from "./store.ts";
import type { Verifier } from "./verifier.ts";

/**
 * Those objects of a snapshot that apply to one image, seen from the cluster or from one namespace; immutable. An object is called by its `name`, or by
 * `namespace/name` where it is namespaced: `describeObject` prints either.
 */
export interface View {
  /** Hash of exactly these objects (uid, generation, versions of the Secrets they read): part of the verdict cache's key. */
  readonly revision: string;
  /** The stores whose scopes match, sorted by name. */
  readonly stores: readonly ViewStore[];
  /** Those that a policy of the view needs, sorted by name. */
  readonly verifiers: readonly ViewVerifier[];
  /** Every policy that matches, the built-in one included where it is in force; sorted by name. Never empty in the cluster's view. */
  readonly policies: readonly ViewPolicy[];
}

export interface ViewStore {
  readonly name: string;
  readonly evidence: Evidence;
  readonly timeoutMs: number;
  readonly limits: StoreLimits;
  /** Absent for an invalid Store: it is a failed location with `problem`. */
  readonly store?: Store;
  readonly problem?: Failure;
}

export interface ViewVerifier {
  readonly name: string;
  readonly verifier?: Verifier;
  /** Set for a Verifier that is invalid or whose keys are missing: what depends on it is then never false. */
  readonly problem?: string;
  /** Its scopes do not match the image: it judges nothing, and that is no problem. */
  readonly isOutOfScope?: true;
}

/** A leaf of a policy: a requirement on one Verifier, or a CEL expression on all of the evidence. */
export type ViewLeaf =
  | {
      readonly type: "verifier";
      /** Name of a {@link ViewVerifier} of the view; one that does not exist is there with a problem. */
      readonly verifier: string;
      readonly atLeast: number;
      readonly count: Count;
      readonly every: boolean;
    }
  | { readonly type: "expression"; readonly expression: string };

export interface ViewRequirement {
  readonly name?: string;
  /** One of them must hold. */
  readonly anyOf: readonly ViewLeaf[];
}

export interface ViewException {
  /** Epoch ms. */
  readonly expirationTime: number;
  readonly reason: string;
}

export interface ViewPolicy {
  /** `Policy/name`, `NamespacedPolicy/namespace/name`, or `built-in policy`. */
  readonly name: string;
  readonly enforcement: Enforcement;
  readonly onInconclusive: OnInconclusive;
  readonly tags: TagHandling;
  /** Default `Index`: what is found for the digest that was named. `Named`: of an index each of its platforms' manifests has to satisfy the policy by itself. */
  readonly platforms?: PlatformHandling;
  /** Those whose scopes match the image, whatever the time. */
  readonly exceptions: readonly ViewException[];
  /** Every one must hold. */
  readonly require: readonly ViewRequirement[];
  /** Of an invalid Policy: it is inconclusive(PolicyInvalid). */
  readonly problem?: string;
}

/** `Store/production` or `NamespacedStore/team-a/own`. */
export function describeObject(kind: "Store" | "Verifier" | "KeyProvider" | "AuthProvider" | "Policy", name: string): string {
  return name.includes("/") ? `Namespaced${kind}/${name}` : `${kind}/${name}`;
}
