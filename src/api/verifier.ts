import type { Scope } from "../oci/pattern.ts";
import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { maxItems, refsField, scopeField } from "./fields.ts";
import { list, optional, struct, text } from "./schema.ts";
import { type SpecSchemas, withTwin } from "./twin.ts";
import { member, type Members, union } from "./union.ts";

/** A pair that a signature has to have signed. */
export interface RequiredAnnotation {
  readonly name: string;
  readonly value: string;
}
export interface VerifierConfigs {
  readonly cosign: {
    readonly keyProviderRefs: readonly string[];
    /** Every one is needed. Absent: none is. */
    readonly annotations?: readonly RequiredAnnotation[];
  };
}
export type VerifierType = keyof VerifierConfigs;

export interface VerifierSpecCommon {
  /** Absent: every image. */
  readonly scopes?: readonly Scope[];
}
export type VerifierSpec<T extends VerifierType = VerifierType> = {
  readonly [K in T]: VerifierSpecCommon & { readonly type: K; readonly config: VerifierConfigs[K] };
}[T];

/** The KeyProviders that a Verifier names, whatever its type; one that trusts no key itself names none. */
export function keyProviderRefsOf({ config }: VerifierSpec): readonly string[] {
  return "keyProviderRefs" in config ? config.keyProviderRefs : [];
}

/** Nothing of an invalid Verifier is needed: it compiles to one that applies to every image and is always inconclusive. */
export type VerifierSalvage = Readonly<Record<string, never>>;

/** Each is one look-up for each signature; nobody signs more. */
const mostAnnotations = 32;

/** The schema of each type; a new one is an entry here and in {@link VerifierConfigs}. */
const members: Members<VerifierConfigs> = {
  cosign: member(
    struct("Signatures made by cosign with a key: legacy tags, OCI referrers and bundles.", {
      keyProviderRefs: refsField("KeyProviders whose keys are trusted; a signature by any one of them counts.", "Name of a KeyProvider."),
      annotations: optional(
        list(
          "Annotations that must have been signed with the image, as `cosign sign -a name=value` does: a signature that lacks one of them does not count.",
          struct("One annotation.", {
            name: text("Its name.", { minLength: 1, maxLength: 253 }),
            value: text("Its value, exactly.", { maxLength: 1024 }),
          }),
          { maxItems: mostAnnotations, listType: { keys: ["name"] } },
        ),
      ),
    }),
  ),
};

/** `spec` of a Verifier. */
export const verifierSpec: SpecSchemas<VerifierSpec> = withTwin(
  union(
    "How one kind of artifact is judged.",
    {
      scopes: optional(
        list(
          "Images that it judges; absent: every one. About others it says nothing, and a policy that needs it there is not met.",
          scopeField(
            'host, host:port or host/path, compared by whole segments; "*" as one whole label of the host, or "*" alone for every image.',
          ),
          { minItems: 1, maxItems, listType: "set" },
        ),
      ),
    },
    { typeDescription: "Which kind of artifact is judged; the field of the same name configures it.", members },
  ),
);

/** Decodes a Verifier as it came from the API server or a file. Never throws. */
export function decodeVerifier(raw: unknown): Decoded<VerifierSpec, VerifierSalvage> {
  return decodeObject(verifierSpec, raw, () => ({}));
}
