export interface VerifierConfigs {
  readonly cosign: { readonly keyProviderRefs: readonly string[] };
}
export type VerifierType = keyof VerifierConfigs;
export type VerifierSpec<T extends VerifierType = VerifierType> = { readonly [K in T]: { readonly type: K; readonly config: VerifierConfigs[K] } }[T];
/** Nothing of an invalid Verifier is needed: it compiles to one that is always inconclusive. */
export type VerifierSalvage = Readonly<Record<string, never>>;
