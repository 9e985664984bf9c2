import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadPublicKey } from "../../src/pki/public-key.ts";
import { createSigningKey, signingKeyTypes } from "../support/signer.ts";

const toPem = (der: Uint8Array, label = "PUBLIC KEY"): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64").replaceAll(/.{64}/gu, "$&\n")}\n-----END ${label}-----\n`;
const ec = (namedCurve: string): string => generateKeyPairSync("ec", { namedCurve, publicKeyEncoding, privateKeyEncoding }).publicKey;
const rsa = (modulusLength: number, publicExponent = 65_537): string =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent, publicKeyEncoding, privateKeyEncoding }).publicKey;
const publicKeyEncoding = { type: "spki", format: "pem" } as const;
const privateKeyEncoding = { type: "pkcs8", format: "pem" } as const;
/** RFC 8410 §4: SubjectPublicKeyInfo of any 32 bytes. */
const ed25519 = (hex: string): string => toPem(Buffer.from(`302a300506032b6570032100${hex}`, "hex"));
const derOf = (pem: string): Buffer => createPublicKey(pem).export({ type: "spki", format: "der" });

describe("loadPublicKey()", () => {
  const labels = { "P-256": "ECDSA P-256", "P-384": "ECDSA P-384", "P-521": "ECDSA P-521", "RSA-2048": "RSA 2048", Ed25519: "Ed25519" };
  for (const type of signingKeyTypes) {
    it(`loads ${type}, with its fingerprint and a label`, () => {
      const { publicKeyPem, fingerprint } = createSigningKey(type);
      const loaded = loadPublicKey(`\r\n ${publicKeyPem.replaceAll("\n", "\r\n")} \n`);
      assert.ok(loaded.ok);
      assert.deepEqual([loaded.value.fingerprint, loaded.value.algorithm], [fingerprint, labels[type]]);
      assert.equal(fingerprint, `sha256:${createHash("sha256").update(derOf(publicKeyPem)).digest("hex")}`);
      assert.ok(loaded.value.key.equals(createPublicKey(publicKeyPem)));
    });
  }

  const p256 = ec("P-256");
  const weak = "is Ed25519 with a weak point: it is not one that a key generator makes";
  const isPrivate = "is a private key: take it out, make a new pair, and put the public key there";
  const refused: readonly (readonly [what: string, pem: string, problem: string])[] = [
    ["nothing", "", 'is not one PEM block "PUBLIC KEY"'],
    ["two blocks", p256 + p256, 'is not one PEM block "PUBLIC KEY"'],
    ["text before the block", `key:\n${p256}`, 'is not one PEM block "PUBLIC KEY"'],
    ["a private key", generateKeyPairSync("ec", { namedCurve: "P-256", publicKeyEncoding, privateKeyEncoding }).privateKey, isPrivate],
    ["cosign's private key", toPem(Buffer.alloc(600, 7), "ENCRYPTED SIGSTORE PRIVATE KEY"), isPrivate],
    ["a public key with its private one behind it", p256 + toPem(Buffer.alloc(32, 7), "EC PRIVATE KEY"), isPrivate],
    [
      "a PKCS#1 key",
      toPem(createPublicKey(rsa(2048)).export({ type: "pkcs1", format: "der" }), "RSA PUBLIC KEY"),
      'is not one PEM block "PUBLIC KEY"',
    ],
    [
      "a PKCS#1 key under the label of another",
      toPem(createPublicKey(rsa(2048)).export({ type: "pkcs1", format: "der" })),
      "is not a public key (SubjectPublicKeyInfo)",
    ],
    ["a block of 9 KiB", toPem(Buffer.alloc(9 * 1024)), 'is not one PEM block "PUBLIC KEY"'],
    ["an empty block", toPem(Buffer.alloc(0)), "is not base64 inside its PEM block"],
    ["surplus padding", p256.replace("-----END", "=\n-----END"), "is not base64 inside its PEM block"],
    ["random bytes", toPem(Buffer.alloc(91, 7)), "is not a public key (SubjectPublicKeyInfo)"],
    [
      "bytes after the key",
      toPem(Buffer.concat([derOf(p256), Buffer.alloc(3)])),
      "is not in canonical DER: write it anew with openssl pkey -pubin",
    ],
    [
      "a point in its compressed spelling, which would be a second signer",
      toPem(respelt(derOf(p256), "compressed")),
      "is not in canonical DER: write it anew with openssl pkey -pubin",
    ],
    [
      "a point in its hybrid spelling",
      toPem(respelt(derOf(p256), "hybrid")),
      "is not in canonical DER: write it anew with openssl pkey -pubin",
    ],
    ["a curve by its parameters", toPem(explicit(derOf(p256))), "is not in canonical DER: write it anew with openssl pkey -pubin"],
    ["secp256k1", ec("secp256k1"), "is on a curve that is not supported: use P-256, P-384 or P-521"],
    ["P-224", ec("secp224r1"), "is on a curve that is not supported: use P-256, P-384 or P-521"],
    ["a point that is not on its curve", toPem(flip(derOf(p256))), "is not a public key (SubjectPublicKeyInfo)"],
    ["RSA 1024", rsa(1024), "is RSA with 1024 bits: at least 2048 are needed"],
    ["RSA 2040", rsa(2040), "is RSA with 2040 bits: at least 2048 are needed"],
    ["RSA with exponent 3", rsa(2048, 3), "is RSA with a public exponent that is weak or not supported: use 65537"],
    ["RSA with exponent 1", withExponentOne(), "is RSA with a public exponent that is weak or not supported: use 65537"],
    [
      "RSA-PSS",
      pem(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey),
      "is of a kind that is not supported: use ECDSA, RSA or Ed25519",
    ],
    ["Ed448", pem(generateKeyPairSync("ed448").publicKey), "is of a kind that is not supported: use ECDSA, RSA or Ed25519"],
    ["X25519", pem(generateKeyPairSync("x25519").publicKey), "is of a kind that is not supported: use ECDSA, RSA or Ed25519"],
    ["Ed25519 of zeros (order 4)", ed25519("00".repeat(32)), weak],
    ["the identity (order 1)", ed25519(`01${"00".repeat(31)}`), weak],
    ["the point of order 2", ed25519(`ec${"ff".repeat(30)}7f`), weak],
    ["a point of order 8", ed25519("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), weak],
    ["the identity in another spelling", ed25519(`ee${"ff".repeat(30)}7f`), weak],
    ["32 bytes that are no point", ed25519(`02${"00".repeat(31)}`), weak],
  ];
  for (const [what, text, problem] of refused) {
    it(`refuses ${what}`, () => assert.deepEqual(loadPublicKey(text), { ok: false, problem }));
  }

  it("never throws", () => {
    const der = fc.uint8Array({ maxLength: 120 }).map((bytes) => toPem(bytes));
    const damaged = fc
      .tuple(fc.nat(90), fc.nat(255))
      .map(([at, value]) => toPem(derOf(p256).map((byte, index) => (index === at ? value : byte))));
    fc.assert(
      fc.property(fc.oneof(fc.string(), der, damaged), (text) => {
        loadPublicKey(text);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 2000 },
    );
  });
});

function pem(key: KeyObject): string {
  return key.export(publicKeyEncoding);
}

function flip(der: Uint8Array): Uint8Array {
  return der.map((byte, at) => (at === der.byteLength - 1 ? byte ^ 1 : byte));
}

/** The same P-256 key as OpenSSL keeps it: a point by x alone (SEC 1 §2.3.3), or with the sign of y besides (ANSI X9.62 §4.3.6). */
function respelt(der: Uint8Array, form: "compressed" | "hybrid"): Uint8Array {
  const [head, x, y] = [der.subarray(0, 26), der.subarray(27, 59), der.subarray(59)];
  const sign = (y.at(-1) ?? 0) & 1;
  if (form === "hybrid") return Buffer.concat([head, Buffer.from([6 + sign]), x, y]);
  return Buffer.concat([Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"), Buffer.from([2 + sign]), x]);
}

/** The same P-256 key, its curve written out (RFC 3279 §2.3.5 specifiedCurve). */
function explicit(der: Uint8Array): Uint8Array {
  const parameters = Buffer.from(
    [
      "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff305b0420ffffffff",
      "00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2",
      "604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3",
      "b9cac2fc632551020101",
    ].join(""),
    "hex",
  );
  const algorithm = Buffer.concat([Buffer.from("3082010306072a8648ce3d0201", "hex"), parameters]);
  const point = Buffer.concat([Buffer.from("034200", "hex"), der.subarray(26)]);
  return Buffer.concat([Buffer.from("3082014b", "hex"), algorithm, point]);
}

/** `rsa(2048)` with its last INTEGER, 65537, written as 1: every message is then its own signature. */
function withExponentOne(): string {
  const { n } = createPublicKey(rsa(2048)).export({ format: "jwk" });
  return pem(createPublicKey({ key: { kty: "RSA", ...(n !== undefined && { n }), e: "AQ" }, format: "jwk" }));
}
