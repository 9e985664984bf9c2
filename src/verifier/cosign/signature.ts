import { constants, type KeyObject, verify } from "node:crypto";
import { ed25519ph } from "@noble/curves/ed25519.js";

const hashes = ["sha256", "sha384", "sha512"] as const;
type Hash = (typeof hashes)[number];

/** Bytes of a coordinate, and the hash that cosign signs with (docs/adr/0007-keyed-signatures-without-a-log.md). */
const curves: ReadonlyMap<string, { readonly bytes: number; readonly hash: Hash }> = new Map([
  ["prime256v1", { bytes: 32, hash: "sha256" }],
  ["secp384r1", { bytes: 48, hash: "sha384" }],
  ["secp521r1", { bytes: 66, hash: "sha512" }],
]);
/** RFC 8032 §5.1.6. */
const ed25519SignatureBytes = 64;
/** No signature that is tried is longer: RSA 8192. */
const longestSignature = 1024;

/** What was signed, and the signature. */
export interface Signed {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Whether `key` made the signature, by any scheme that its type allows: ECDSA in DER, RSA PKCS#1 v1.5 or PSS, each with SHA-256, SHA-384 or SHA-512 whatever
 * the size of the key (other tools than cosign sign so), and pure Ed25519. Nothing weaker is ever tried. Work is done off the event loop.
 */
export async function isSignedBy(key: KeyObject, { message, signature }: Signed): Promise<boolean> {
  if (signature.byteLength === 0 || signature.byteLength > longestSignature) return false;
  switch (key.asymmetricKeyType) {
    case "ec":
      return await isEcdsa(key, message, signature);
    case "rsa":
      return await isRsa(key, message, signature);
    case "ed25519":
      return await isEd25519(key, message, signature);
    default:
      // A key of a kind that no provider should have let through verifies nothing.
      return false;
  }
}

async function isEcdsa(key: KeyObject, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? "");
  // SEC 1 §C.5: a SEQUENCE of two INTEGERs, each a coordinate long and at most one byte more; what cannot be one is not worth three hashes.
  if (curve === undefined || signature[0] !== 0x30 || signature.byteLength > 2 * (curve.bytes + 3) + 3) return false;
  for (const hash of new Set([curve.hash, ...hashes])) {
    if (await verifies({ algorithm: hash, message, key: { key, dsaEncoding: "der" }, signature })) return true;
  }
  return false;
}

async function isRsa(key: KeyObject, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  // RFC 8017 §8.1.2 and §8.2.2, step 1: a signature is as long as the modulus.
  if (signature.byteLength !== Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)) return false;
  const schemes = [
    { padding: constants.RSA_PKCS1_PADDING },
    { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
  ] as const;
  for (const scheme of schemes) {
    for (const hash of hashes) {
      if (await verifies({ algorithm: hash, message, key: { key, ...scheme }, signature })) return true;
    }
  }
  return false;
}

async function isEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return signature.byteLength === ed25519SignatureBytes && (await verifies({ algorithm: null, message, key: { key }, signature }));
}

/** Whether {@link isEd25519ph} is worth its time. */
export function mayBeEd25519ph(key: KeyObject, { signature }: Signed): boolean {
  return key.asymmetricKeyType === "ed25519" && signature.byteLength === ed25519SignatureBytes;
}

/** The same with Ed25519ph, as cosign signs with such keys. node:crypto cannot: it takes 1 to 3 ms of the event loop. */
export function isEd25519ph(key: KeyObject, { message, signature }: Signed): boolean {
  const { x } = key.export({ format: "jwk" });
  if (x === undefined) return false;
  // zip215: false is RFC 8032: noble's default accepts small-order points, and with them forgeries under an all-zero key.
  return ed25519ph.verify(signature, message, Buffer.from(x, "base64url"), { zip215: false });
}

interface Attempt {
  readonly algorithm: Hash | null;
  readonly message: Uint8Array;
  readonly key: Parameters<typeof verify>[2];
  readonly signature: Uint8Array;
}

function verifies({ algorithm, message, key, signature }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      // With a callback OpenSSL works on a thread of the pool. An error of its is a signature it could not make sense of: not one of this key's.
      verify(algorithm, message, key, signature, (error, isValid) => resolve(error === null && isValid));
    } catch {
      // Thrown for arguments that do not fit together: the same answer.
      resolve(false);
    }
  });
}
