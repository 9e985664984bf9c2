import type { StoreConfigs, StoreSpec, StoreType } from "../api/store.ts";
import type { Store } from "../engine/store.ts";
import { type OciLayoutStoreDeps, ociLayoutStore } from "./oci-layout/layout-store.ts";
import { type RegistryStoreDeps, registryStore } from "./registry/registry-store.ts";

/** What a Store is built with, whatever its type. */
export type StoreDeps = RegistryStoreDeps & OciLayoutStoreDeps;

/** Total over the types of the schema: a missing line, a surplus one or the wrong factory does not compile. */
export type StoreCatalog<Configs> = { readonly [T in keyof Configs]: (config: Configs[T], deps: StoreDeps) => Store };

/** Every type of Store; factories are synchronous and do no input or output. */
export const stores: StoreCatalog<StoreConfigs> = {
  registry: registryStore,
  ociLayout: ociLayoutStore,
};

/** The Store that `spec` describes, by the catalog. */
export function buildStore<T extends StoreType>(
  spec: StoreSpec<T>,
  deps: Omit<StoreDeps, "spec">,
  catalog: StoreCatalog<StoreConfigs> = stores,
): Store {
  return catalog[spec.type](spec.config, { ...deps, spec });
}
