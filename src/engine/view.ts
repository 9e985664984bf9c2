import type { Failure } from "../api/error-class.ts";
import type { Evidence } from "../api/store.ts";
import type { Store } from "./store.ts";
import type { Verifier } from "./verifier.ts";

/** Those objects of a snapshot that apply to one image; immutable. */
export interface View {
  /** Hash of exactly these objects (uid, generation, versions of the Secrets they read): part of the verdict cache's key. */
  readonly revision: string;
  /** The stores whose scopes match, sorted by name. */
  readonly stores: readonly ViewStore[];
  /** Sorted by name. Empty: inconclusive(NotConfigured). */
  readonly verifiers: readonly ViewVerifier[];
}

export interface ViewStore {
  readonly name: string;
  readonly evidence: Evidence;
  readonly timeoutMs: number;
  readonly limits: { readonly artifacts: number; readonly blobBytes: number };
  /** Absent for an invalid Store: it is a failed location with `problem`. */
  readonly store?: Store;
  readonly problem?: Failure;
}

export interface ViewVerifier {
  readonly name: string;
  readonly verifier?: Verifier;
  /** Set for a Verifier that is invalid or whose keys are missing: evidence is then never complete. */
  readonly problem?: string;
}
