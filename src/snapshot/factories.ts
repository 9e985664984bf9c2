import type { AuthProviderSpec } from "../api/auth-provider.ts";
import type { KeyProviderSpec } from "../api/key-provider.ts";
import type { StoreSpec } from "../api/store.ts";
import type { VerifierSpec } from "../api/verifier.ts";
import type { Store } from "../engine/store.ts";
import type { Verifier } from "../engine/verifier.ts";
import type { AuthProvider, Keychain, MaterialReader } from "../keychain/ports.ts";
import type { KeyProvider, KeyProviderDeps } from "../trust/ports.ts";

/**
 * The catalogs of auth/, store/, verifier/ and key/, and the compiler of expressions, as the compiler sees them; app/ adapts the one to the other. Factories
 * are synchronous and do no input or output: what needs the network happens in a method that takes a signal. `name` is the id of the object, by which it is
 * known in views and reports; `namespace` is absent where it is cluster-scoped.
 */
export interface Factories {
  authProvider(spec: AuthProviderSpec, context: AuthProviderContext): AuthProvider;
  store(spec: StoreSpec, context: StoreContext): Store;
  verifier(spec: VerifierSpec, context: VerifierContext): { readonly verifier: Verifier; readonly problem?: string };
  keyProvider(spec: KeyProviderSpec, context: KeyProviderDeps): KeyProvider;
  /** Whether a text is an expression that can be evaluated; every one is refused until what evaluates it has been loaded. */
  expression(text: string): ExpressionCheck;
}
export interface AuthProviderContext {
  readonly name: string;
  readonly namespace?: string;
  readonly material: MaterialReader;
}
export interface StoreContext {
  readonly name: string;
  readonly namespace?: string;
  readonly keychain: Keychain;
  readonly material: MaterialReader;
}
export interface VerifierContext {
  readonly name: string;
  /** What `./` in a reference of the spec means (`resolveRef`). */
  readonly namespace?: string;
  /** Every provider that the spec names, by the reference as it stands there; undefined where there is no such object. */
  readonly keyProviders: ReadonlyMap<string, KeyProvider | undefined>;
}
export type ExpressionCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly message: string;
      /** From 1; absent where the text is not to blame. */
      readonly line?: number;
      readonly column?: number;
    };
