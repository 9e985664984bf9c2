import type { VerifierConfigs, VerifierSpec, VerifierType } from "../api/verifier.ts";
import type { Verifier } from "../engine/verifier.ts";
import { type CosignDeps, cosignVerifier } from "./cosign/cosign-verifier.ts";

/** What a Verifier is built with, whatever its type. */
export type VerifierDeps = CosignDeps;

/** A Verifier, and why nothing may be concluded from what it rejects: a key provider that is missing, or that has a key that cannot be used. */
export interface BuiltVerifier {
  readonly verifier: Verifier;
  readonly problem?: string;
}

/** Total over the types of the schema: a missing line, a surplus one or the wrong factory does not compile. */
export type VerifierCatalog<Configs> = { readonly [T in keyof Configs]: (config: Configs[T], deps: VerifierDeps) => BuiltVerifier };

/** Every type of Verifier; factories are synchronous and do no input or output. */
export const verifiers: VerifierCatalog<VerifierConfigs> = {
  cosign: cosignVerifier,
};

/** The Verifier of a decoded spec. */
export function buildVerifier<T extends VerifierType>(spec: VerifierSpec<T>, deps: VerifierDeps): BuiltVerifier {
  return verifiers[spec.type](spec.config, deps);
}
