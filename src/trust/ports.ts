import type { KeyObject } from "node:crypto";

/** A public key that verifiers trust. */
export interface TrustedKey {
  readonly name: string;
  readonly provider: string;
  readonly key: KeyObject;
  /** `sha256:<hex>` of the SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  /** For people: `ECDSA P-256`, `RSA 2048`, `Ed25519`. */
  readonly algorithm: string;
}

/** Plug-in port: certificates and keys of one KeyProvider object. Built from material captured with the snapshot; a key that cannot be used is a problem, not an exception. */
export interface KeyProvider {
  keys(): readonly TrustedKey[];
  /** Set if any key could not be loaded: verifiers that name this provider are then not ready. */
  readonly problem?: string;
}
