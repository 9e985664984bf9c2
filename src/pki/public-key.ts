import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";

/** A key that may be trusted. */
export interface PublicKey {
  readonly key: KeyObject;
  /** `sha256:<hex>` of the SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  /** For people: `ECDSA P-256`, `RSA 2048`, `Ed25519`. */
  readonly algorithm: string;
}
/** Or why not, to stand after the name of the key: nothing of the key is echoed. */
export type LoadedKey = { readonly ok: true; readonly value: PublicKey } | { readonly ok: false; readonly problem: string };

const block = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----\s*$/u;
/** The end of what every PEM label of a private key ends with, encrypted ones and cosign's own included. */
const privateLabel = "PRIVATE KEY-----";
/** In characters; as the schema. RSA 8192 has 1,500. */
const longestText = 8192;
const curveNames: ReadonlyMap<string, string> = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);
/** In bits. NIST SP 800-131A rev. 2 §3: below 2048 is disallowed; above 8192 one verification takes milliseconds and nobody signs so. */
const rsaBits = { least: 2048, most: 8192 } as const;
/** NIST FIPS 186-5 §5.1: with an exponent of 1 every message is its own signature, and 3 has a history of forgeries. The upper bound is Go's. */
const rsaExponents = { least: 65_537n, most: 2n ** 31n - 1n } as const;

/** Loads one PEM block `PUBLIC KEY` (RFC 7468 §13): a canonical SubjectPublicKeyInfo of ECDSA on P-256, P-384 or P-521, RSA of 2048 to 8192 bits, or Ed25519. */
export function loadPublicKey(pem: string): LoadedKey {
  if (pem.includes(privateLabel)) return refuse("is a private key: take it out, make a new pair, and put the public key there");
  const body = pem.length > longestText ? undefined : block.exec(pem)?.[1];
  if (body === undefined) return refuse('is not one PEM block "PUBLIC KEY"');
  const text = body.replaceAll(/\s/gu, "");
  const der = Buffer.from(text, "base64");
  if (der.byteLength === 0 || der.toString("base64") !== text) return refuse("is not base64 inside its PEM block");
  const key = decodeKey(der);
  if (key === undefined) return refuse("is not a public key (SubjectPublicKeyInfo)");
  const described = describeKey(key);
  if (!described.ok) return described;
  // Checked last, so that the message says what is wrong with a key that we would not take anyway. Two spellings of one key would be two signers.
  if (!canonical(key).equals(der)) return refuse("is not in canonical DER: write it anew with openssl pkey -pubin");
  const fingerprint = `sha256:${createHash("sha256").update(der).digest("hex")}`;
  return { ok: true, value: { key, fingerprint, algorithm: described.algorithm } };
}

function decodeKey(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    // OpenSSL's own words quote nothing of use to a reader of a status.
    return undefined;
  }
}

/** OpenSSL keeps how a point was written (compressed, hybrid) and a curve by its parameters; by its coordinates and the curve's name there is one spelling. */
function canonical(key: KeyObject): Buffer {
  const plain = key.asymmetricKeyType === "ec" ? createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" }) : key;
  return plain.export({ format: "der", type: "spki" });
}

type Described = { readonly ok: true; readonly algorithm: string } | { readonly ok: false; readonly problem: string };

function describeKey(key: KeyObject): Described {
  switch (key.asymmetricKeyType) {
    case "ec":
      return describeEc(key);
    case "rsa":
      return describeRsa(key);
    case "ed25519":
      return describeEd25519(key);
    default:
      return refuse("is of a kind that is not supported: use ECDSA, RSA or Ed25519");
  }
}

function describeEc(key: KeyObject): Described {
  const curve = curveNames.get(key.asymmetricKeyDetails?.namedCurve ?? "");
  return curve === undefined
    ? refuse("is on a curve that is not supported: use P-256, P-384 or P-521")
    : { ok: true, algorithm: `ECDSA ${curve}` };
}

function describeRsa(key: KeyObject): Described {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (bits < rsaBits.least) return refuse(`is RSA with ${bits} bits: at least ${rsaBits.least} are needed`);
  if (bits > rsaBits.most) return refuse(`is RSA with ${bits} bits: at most ${rsaBits.most} are supported`);
  if (exponent % 2n === 0n || exponent < rsaExponents.least || exponent > rsaExponents.most)
    return refuse("is RSA with a public exponent that is weak or not supported: use 65537");
  return { ok: true, algorithm: `RSA ${bits}` };
}

/** A point of small order, or with a part of small order, lets messages share a signature: an all-zero key accepted a forged one. */
function describeEd25519(key: KeyObject): Described {
  const { x = "" } = key.export({ format: "jwk" });
  try {
    const point = ed25519.Point.fromBytes(Buffer.from(x, "base64url"));
    if (!point.isSmallOrder() && point.isTorsionFree()) return { ok: true, algorithm: "Ed25519" };
  } catch {
    // Not the canonical encoding of a point of the curve (RFC 8032 §5.1.3): OpenSSL takes any 32 bytes.
  }
  return refuse("is Ed25519 with a weak point: it is not one that a key generator makes");
}

function refuse(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
