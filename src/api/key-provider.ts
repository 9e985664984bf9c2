import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { maxItems, nameField } from "./fields.ts";
import { publicKeyField } from "./public-key.ts";
import { list, type Schema, struct } from "./schema.ts";
import { member, type Members, union } from "./union.ts";

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
export type KeyProviderSpec<T extends KeyProviderType = KeyProviderType> = {
  readonly [K in T]: { readonly type: K; readonly config: KeyProviderConfigs[K] };
}[T];
export type KeyProviderSalvage = Readonly<Record<string, never>>;

/** The schema of each type; a new one is an entry here and in {@link KeyProviderConfigs}. */
const members: Members<KeyProviderConfigs> = {
  inline: member(
    struct("Public keys written into this object.", {
      keys: list(
        "The keys.",
        struct("One public key and what reports call it.", {
          name: nameField("Name of the key, unique in this list; reports name the signer by it.", { maxLength: 63 }),
          publicKey: publicKeyField("The public key in PEM, as `cosign generate-key-pair` writes it to cosign.pub (BEGIN PUBLIC KEY)."),
        }),
        { minItems: 1, maxItems, listType: { keys: ["name"] } },
      ),
    }),
  ),
};

/** `spec` of a KeyProvider. */
export const keyProviderSpec: Schema<KeyProviderSpec, "present"> = union(
  "Keys that Verifiers trust.",
  {},
  { typeDescription: "Where the keys come from; the field of the same name configures it.", members },
);

/** Decodes a KeyProvider as it came from the API server or a file. Never throws. */
export function decodeKeyProvider(raw: unknown): Decoded<KeyProviderSpec, KeyProviderSalvage> {
  return decodeObject(keyProviderSpec, raw, () => ({}));
}
