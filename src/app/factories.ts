import type { EndpointObservation } from "../engine/store.ts";
import { buildAuthProvider } from "../auth/catalog.ts";
import { buildKeyProvider } from "../key/catalog.ts";
import type { CloudAccess } from "../keychain/cloud.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { Turns } from "../kernel/turns.ts";
import type { ExpressionCheck, Factories } from "../snapshot/factories.ts";
import { buildStore } from "../store/catalog.ts";
import { AuthMetrics } from "./auth-metrics.ts";
import { Contents } from "../store/registry/contents.ts";
import type { Transport } from "../transport/transport.ts";
import { buildVerifier } from "../verifier/catalog.ts";

export interface FactoryDeps {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly expressions: { check(text: string): ExpressionCheck };
  /** What traffic of the Store with this id saw of a host. */
  readonly observe: (store: string, observation: EndpointObservation) => void;
  /** What the AuthProvider with this id says of itself has changed. */
  readonly credentialsChanged: (authProvider: string) => void;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly cloud: CloudAccess;
  readonly fileRoot?: string;
}

/** The catalogs of the plug-in rooms as the compiler of snapshot/ sees them; snapshot/ may not import them, nor they it. */
export function createFactories(deps: FactoryDeps): Factories {
  const { clock, transport } = deps;
  const turns = new Turns();
  const contents = new Contents();
  const auth = new AuthMetrics(deps.metrics);
  const files: { readonly fileRoot?: string } = deps.fileRoot === undefined ? {} : { fileRoot: deps.fileRoot };
  return {
    authProvider: (spec, context) =>
      buildAuthProvider(spec, {
        ...context,
        ...files,
        patterns: spec.registries,
        clock,
        random: deps.random,
        logger: deps.logger,
        cloud: deps.cloud,
        changed: () => deps.credentialsChanged(context.name),
        fetched: (fetch) => auth.fetched(spec.type, fetch),
      }),
    store: (spec, context) =>
      buildStore(spec, {
        ...context,
        ...files,
        keychain: auth.counting(context.keychain),
        clock,
        transport,
        contents,
        observe: (observation) => deps.observe(context.name, observation),
      }),
    verifier: (spec, context) => buildVerifier(spec, { ...context, turns }),
    keyProvider: buildKeyProvider,
    expression: (text) => deps.expressions.check(text),
  };
}
