import type { KeyObject } from "node:crypto";
import type { Secret } from "../kernel/secret.ts";

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
  /** Set if any key could not be loaded and nothing stands in for it: verifiers that name this provider are then not ready. */
  readonly problem?: string;
  /** Set if `keys()` are those of an earlier version, because the present one is of no use: verifiers are ready, and the status of the provider is not. */
  readonly stale?: string;
  /** Whether `problem` is that what it reads does not exist. */
  readonly isMissing?: true;
  /** For the provider that is built next of the same object, and for nobody else (last-good.ts). */
  readonly lastGood?: LastGood;
}

/** The last version of what a provider reads that was usable as a whole. */
export interface LastGood {
  /** Identity of the spec (uid and generation of the object) that read it. */
  readonly spec: string;
  /** uid of the Secret or ConfigMap. */
  readonly source: string;
  /** Its resourceVersion. */
  readonly version: string;
  readonly keys: readonly TrustedKey[];
  /** resourceVersion of the first version after it that could not be used; absent while it is the present one. */
  readonly brokenSince?: string;
}

/** What the factory of a plug-in is given beside its config. */
export interface KeyProviderDeps {
  /** Name of the KeyProvider resource. */
  readonly name: string;
  /** uid and generation of the object: what was kept under another is not used. */
  readonly spec: string;
  readonly material: KeyMaterialReader;
  /** What was built of the object before, whatever its spec was then. */
  readonly previous?: KeyProvider;
}

/** Objects in the provider's own namespace, captured when the snapshot is compiled; only the data keys that are asked for are looked at. */
export interface KeyMaterialReader {
  secret(name: string, keys: readonly string[]): KeyMaterial<Secret<Uint8Array>> | undefined;
  configMap(name: string): KeyMaterial<string> | undefined;
  /** Why one of this kind that was asked for and not found may exist all the same; undefined: it does not. */
  withheld?(kind: "Secret" | "ConfigMap"): string | undefined;
}
interface KeyMaterial<Value> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: ReadonlyMap<string, Value>;
}
