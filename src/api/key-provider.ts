export interface InlineKey {
  /** Unique within the provider; how reports name the signer. */
  readonly name: string;
  /** PEM, `PUBLIC KEY` (SubjectPublicKeyInfo). */
  readonly publicKey: string;
}
export interface KeyProviderConfigs {
  readonly inline: { readonly keys: readonly InlineKey[] };
}
export type KeyProviderType = keyof KeyProviderConfigs;
export type KeyProviderSpec<T extends KeyProviderType = KeyProviderType> = { readonly [K in T]: { readonly type: K; readonly config: KeyProviderConfigs[K] } }[T];
export type KeyProviderSalvage = Readonly<Record<string, never>>;
