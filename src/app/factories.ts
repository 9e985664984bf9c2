import { authProviders } from "../auth/catalog.ts";
import type { AuthProviderConfigs, AuthProviderSpec, AuthProviderType } from "../api/auth-provider.ts";
import type { KeyProviderSpec, KeyProviderType } from "../api/key-provider.ts";
import type { StoreSpec, StoreType } from "../api/store.ts";
import type { VerifierSpec, VerifierType } from "../api/verifier.ts";
import type { EndpointObservation, Store } from "../engine/store.ts";
import { keyProviders } from "../key/catalog.ts";
import type { AuthProvider } from "../keychain/ports.ts";
import type { Clock } from "../kernel/clock.ts";
import type { AuthProviderContext, Factories, StoreContext, VerifierContext } from "../snapshot/factories.ts";
import { stores } from "../store/catalog.ts";
import type { Transport } from "../transport/transport.ts";
import type { KeyProvider } from "../trust/ports.ts";
import { verifiers } from "../verifier/catalog.ts";

export interface FactoryDeps {
  readonly clock: Clock;
  readonly transport: Transport;
  /** What traffic of the named Store saw of a host. */
  readonly observe: (store: string, observation: EndpointObservation) => void;
  readonly fileRoot?: string;
}

/** The catalogs of the plug-in rooms as the compiler of snapshot/ sees them. */
export function createFactories(deps: FactoryDeps): Factories {
  const files = deps.fileRoot === undefined ? {} : { fileRoot: deps.fileRoot };
  return {
    authProvider: (spec, context) => buildAuthProvider(spec, { ...context, ...files, clock: deps.clock }),
    store: (spec, context) =>
      buildStore(spec, {
        ...context,
        ...files,
        clock: deps.clock,
        transport: deps.transport,
        observe: (seen) => deps.observe(context.name, seen),
      }),
    verifier: (spec, context) => buildVerifier(spec, context),
    keyProvider: (spec, context) => buildKeyProvider(spec, context),
  };
}
