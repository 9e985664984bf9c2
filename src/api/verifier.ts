import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { refsField } from "./fields.ts";
import { type Schema, struct } from "./schema.ts";
import { member, type Members, union } from "./union.ts";

export interface VerifierConfigs {
  readonly cosign: { readonly keyProviderRefs: readonly string[] };
}
export type VerifierType = keyof VerifierConfigs;
export type VerifierSpec<T extends VerifierType = VerifierType> = {
  readonly [K in T]: { readonly type: K; readonly config: VerifierConfigs[K] };
}[T];
/** Nothing of an invalid Verifier is needed: it compiles to one that is always inconclusive. */
export type VerifierSalvage = Readonly<Record<string, never>>;

/** The schema of each type; a new one is an entry here and in {@link VerifierConfigs}. */
const members: Members<VerifierConfigs> = {
  cosign: member(
    struct("Signatures made by cosign with a key: legacy tags, OCI referrers and bundles.", {
      keyProviderRefs: refsField("KeyProviders whose keys are trusted; a signature by any one of them counts.", "Name of a KeyProvider."),
    }),
  ),
};

/** `spec` of a Verifier. */
export const verifierSpec: Schema<VerifierSpec, "present"> = union(
  "How one kind of artifact is judged.",
  {},
  { typeDescription: "Which kind of artifact is judged; the field of the same name configures it.", members },
);

/** Decodes a Verifier as it came from the API server or a file. Never throws. */
export function decodeVerifier(raw: unknown): Decoded<VerifierSpec, VerifierSalvage> {
  return decodeObject(verifierSpec, raw, () => ({}));
}
