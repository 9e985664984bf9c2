import type { KeyProviderConfigs, KeyProviderSpec, KeyProviderType } from "../api/key-provider.ts";
import type { KeyProvider, KeyProviderDeps } from "../trust/ports.ts";
import { configMapKeys } from "./config-map/config-map.ts";
import { inlineKeys } from "./inline/inline.ts";
import { secretKeys } from "./kubernetes-secret/kubernetes-secret.ts";

/** Total over the types of the schema: a missing line, a surplus one or the wrong factory does not compile. */
export type KeyProviderCatalog<Configs> = { readonly [T in keyof Configs]: (config: Configs[T], deps: KeyProviderDeps) => KeyProvider };

/** Every type of KeyProvider; factories are synchronous and do no input or output. */
export const keyProviders: KeyProviderCatalog<KeyProviderConfigs> = {
  inline: inlineKeys,
  kubernetesSecret: secretKeys,
  configMap: configMapKeys,
};

/** The KeyProvider of a decoded spec. */
export function buildKeyProvider<T extends KeyProviderType>(spec: KeyProviderSpec<T>, deps: KeyProviderDeps): KeyProvider {
  return keyProviders[spec.type](spec.config, deps);
}
