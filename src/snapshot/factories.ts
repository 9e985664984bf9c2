import type { AuthProviderSpec } from "../api/auth-provider.ts";
import type { KeyProviderSpec } from "../api/key-provider.ts";
import type { StoreSpec } from "../api/store.ts";
import type { VerifierSpec } from "../api/verifier.ts";
import type { Store } from "../engine/store.ts";
import type { Verifier } from "../engine/verifier.ts";
import type { AuthProvider, Keychain, MaterialReader } from "../keychain/ports.ts";
import type { KeyProvider, KeyProviderDeps } from "../trust/ports.ts";

/**
 * The catalogs of auth/, store/, verifier/ and key/ as the compiler sees them; app/ adapts the one to the other. Factories are synchronous and do no
 * input or output: what needs the network happens in a method that takes a signal.
 */
export interface Factories {
  authProvider(spec: AuthProviderSpec, context: AuthProviderContext): AuthProvider;
  store(spec: StoreSpec, context: StoreContext): Store;
  verifier(spec: VerifierSpec, context: VerifierContext): { readonly verifier: Verifier; readonly problem?: string };
  keyProvider(spec: KeyProviderSpec, context: KeyProviderDeps): KeyProvider;
}
export interface AuthProviderContext {
  readonly name: string;
  readonly material: MaterialReader;
}
export interface StoreContext {
  readonly name: string;
  readonly keychain: Keychain;
  readonly material: MaterialReader;
}
export interface VerifierContext {
  readonly name: string;
  /** Every provider that the spec names; undefined where there is no such object. */
  readonly keyProviders: ReadonlyMap<string, KeyProvider | undefined>;
}
