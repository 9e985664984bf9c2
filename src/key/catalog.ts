import type { KeyProviderConfigs, KeyProviderSpec, KeyProviderType } from "../api/key-provider.ts";
import type { KeyProvider } from "../trust/ports.ts";
import { type InlineDeps, inlineKeys } from "./inline/inline.ts";

/** What a KeyProvider is built with, whatever its type. */
export type KeyProviderDeps = InlineDeps;

/** Total over the types of the schema: a missing line, a surplus one or the wrong factory does not compile. */
export type KeyProviderCatalog<Configs> = { readonly [T in keyof Configs]: (config: Configs[T], deps: KeyProviderDeps) => KeyProvider };

/** Every type of KeyProvider; factories are synchronous and do no input or output. */
export const keyProviders: KeyProviderCatalog<KeyProviderConfigs> = {
  inline: inlineKeys,
};

/** The KeyProvider of a decoded spec. */
export function buildKeyProvider<T extends KeyProviderType>(spec: KeyProviderSpec<T>, deps: KeyProviderDeps): KeyProvider {
  return keyProviders[spec.type](spec.config, deps);
}
