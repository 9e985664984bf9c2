import { decodeObject } from "./decode.ts";
import type { Decoded } from "./diagnostic.ts";
import { dataKeyField, maxItems, nameField, refField } from "./fields.ts";
import { publicKeyField } from "./public-key.ts";
import { list, type Schema, struct } from "./schema.ts";
import { type SpecSchemas, withTwin } from "./twin.ts";
import { member, type Members, union } from "./union.ts";

export interface InlineKey {
  /** Unique within the provider; how reports name the signer. */
  readonly name: string;
  /** PEM, `PUBLIC KEY` (SubjectPublicKeyInfo). */
  readonly publicKey: string;
}
/** A key that stands in another object. */
export interface KeyInObject {
  /** Unique within the provider; how reports name the signer. */
  readonly name: string;
  /** Data key that holds it: one PEM block, `PUBLIC KEY`. */
  readonly key: string;
}
export interface KeyProviderConfigs {
  readonly inline: { readonly keys: readonly InlineKey[] };
  readonly kubernetesSecret: { readonly secretRef: { readonly name: string }; readonly keys: readonly KeyInObject[] };
  readonly configMap: { readonly configMapRef: { readonly name: string }; readonly keys: readonly KeyInObject[] };
}
export type KeyProviderType = keyof KeyProviderConfigs;
export type KeyProviderSpec<T extends KeyProviderType = KeyProviderType> = {
  readonly [K in T]: { readonly type: K; readonly config: KeyProviderConfigs[K] };
}[T];
export type KeyProviderSalvage = Readonly<Record<string, never>>;

const keyNameField = nameField("Name of the key, unique in this list; reports name the signer by it.", { maxLength: 63 });

/** `keys` of a type that reads another object. */
function keysInObject(kind: "Secret" | "ConfigMap"): Schema<readonly KeyInObject[], "present"> {
  return list(
    `The keys, and where in the ${kind} each stands.`,
    struct("One public key, and what reports call it.", {
      name: keyNameField,
      key: dataKeyField(`Key of the ${kind}'s data that holds the public key in PEM (BEGIN PUBLIC KEY). No other is read.`, kind),
    }),
    { minItems: 1, maxItems, listType: { keys: ["name"] } },
  );
}

/** The schema of each type; a new one is an entry here and in {@link KeyProviderConfigs}. */
const members: Members<KeyProviderConfigs> = {
  inline: member(
    struct("Public keys written into this object.", {
      keys: list(
        "The keys.",
        struct("One public key and what reports call it.", {
          name: keyNameField,
          publicKey: publicKeyField("The public key in PEM, as `cosign generate-key-pair` writes it to cosign.pub (BEGIN PUBLIC KEY)."),
        }),
        { minItems: 1, maxItems, listType: { keys: ["name"] } },
      ),
    }),
  ),
  kubernetesSecret: member(
    struct("Public keys in a Secret.", {
      secretRef: refField("The Secret, of whatever type.", "Name of the Secret."),
      keys: keysInObject("Secret"),
    }),
  ),
  configMap: member(
    struct("Public keys in a ConfigMap.", {
      configMapRef: refField("The ConfigMap.", "Name of the ConfigMap."),
      keys: keysInObject("ConfigMap"),
    }),
  ),
};

/** `spec` of a KeyProvider. */
export const keyProviderSpec: SpecSchemas<KeyProviderSpec> = withTwin(
  union(
    "Keys that Verifiers trust.",
    {},
    { typeDescription: "Where the keys come from; the field of the same name configures it.", members },
  ),
);

/** Decodes a KeyProvider as it came from the API server or a file. Never throws. */
export function decodeKeyProvider(raw: unknown): Decoded<KeyProviderSpec, KeyProviderSalvage> {
  return decodeObject(keyProviderSpec, raw, () => ({}));
}
