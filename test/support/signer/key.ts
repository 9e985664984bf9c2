import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { ed25519ph } from "@noble/curves/ed25519.js";

/** Kinds of key that cosign signs with. */
export const signingKeyTypes = ["P-256", "P-384", "P-521", "RSA-2048", "Ed25519"] as const;
export type SigningKeyType = (typeof signingKeyTypes)[number];

/** How a message becomes a signature; each absent member is what cosign does with a key of that type. */
export interface Scheme {
  /** Of ECDSA and RSA. Default: SHA-256, for P-384 SHA-384, for P-521 SHA-512. */
  readonly hash?: "sha1" | "sha224" | "sha256" | "sha384" | "sha512";
  /** RSA only. Default false: PKCS#1 v1.5. */
  readonly pss?: boolean;
  /** Ed25519 only: without SHA-512 before. Default false: Ed25519ph. */
  readonly pure?: boolean;
}

/** A key pair that signs as cosign does. */
export interface SigningKey {
  readonly type: SigningKeyType;
  readonly publicKeyPem: string;
  readonly publicKey: KeyObject;
  /** `sha256:<hex>` of the SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  sign(message: Uint8Array, scheme?: Scheme): Uint8Array;
}

/** A new key of the kind; RSA takes some 100 ms, the others none. */
export function createSigningKey(type: SigningKeyType = "P-256"): SigningKey {
  const { publicKey, privateKey } = keyPair(type);
  const der = publicKey.export({ format: "der", type: "spki" });
  return {
    type,
    publicKey,
    publicKeyPem: publicKey.export({ format: "pem", type: "spki" }),
    fingerprint: `sha256:${createHash("sha256").update(der).digest("hex")}`,
    sign: (message, scheme = {}) => signWith(privateKey, { type, message }, scheme),
  };
}

function keyPair(type: SigningKeyType): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (type) {
    case "P-256":
    case "P-384":
    case "P-521":
      return generateKeyPairSync("ec", { namedCurve: type });
    case "RSA-2048":
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
    case "Ed25519":
      return generateKeyPairSync("ed25519");
  }
}

const hashOf = { "P-256": "sha256", "P-384": "sha384", "P-521": "sha512", "RSA-2048": "sha256" } as const;

function signWith(key: KeyObject, what: { readonly type: SigningKeyType; readonly message: Uint8Array }, scheme: Scheme): Uint8Array {
  const { type, message } = what;
  if (type === "Ed25519") {
    if (scheme.pure === true) return sign(null, message, key);
    return ed25519ph.sign(message, Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));
  }
  const hash = scheme.hash ?? hashOf[type];
  if (type !== "RSA-2048") return sign(hash, message, { key, dsaEncoding: "der" });
  if (scheme.pss !== true) return sign(hash, message, { key, padding: constants.RSA_PKCS1_PADDING });
  return sign(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}
