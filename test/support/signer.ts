import { emptyImage, type SignedArtifact, type Subject, tagOf, toArtifact, toBlob, types } from "./signer/artifact.ts";
import type { Scheme, SigningKey } from "./signer/key.ts";

export type { SignedArtifact, SignerBlob, Subject } from "./signer/artifact.ts";
export { createSigningKey, type Scheme, type SigningKey, type SigningKeyType, signingKeyTypes } from "./signer/key.ts";

/** As test/support/real/cosign.ts: the tag `sha256-<hex>.sig`, the same as an OCI 1.1 referrer, a Sigstore bundle v0.3 as a referrer. */
export const imageSignatureFormats = ["legacy", "referrers", "bundle"] as const;
export type ImageSignatureFormat = (typeof imageSignatureFormats)[number];

/** What one key signed and what came out. */
export interface Signed {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignOptions {
  readonly subject: Subject;
  readonly scheme?: Scheme;
  /** Changes what is signed, before it is. */
  readonly payload?: (document: object) => unknown;
  /** Of a bundle. Default `application/vnd.in-toto+json`. */
  readonly payloadType?: string;
  /** Damages what was signed, afterwards; `at` counts the keys. Of a bundle, whose keys share a payload, that of the first key stands. */
  readonly alter?: (signed: Signed, at: number) => Signed;
}

export interface SignImageOptions extends SignOptions {
  /** Several make one layer, or one signature of an envelope, each. */
  readonly key: SigningKey | readonly SigningKey[];
  /** `host/path` as cosign writes it into the payload. */
  readonly repository: string;
  readonly format: ImageSignatureFormat;
}

/** Signs an image as `cosign sign --key` does, without a transparency log. */
export function signImage(options: SignImageOptions): SignedArtifact {
  const { subject, repository, format } = options;
  const keys = [options.key].flat();
  if (format === "bundle") return bundleArtifact(keys, { ...options, predicateType: signPredicateType, predicate: {} });
  const identity = { "docker-reference": repository };
  const image = { "docker-manifest-digest": subject.digest };
  const payload = encode({ critical: { identity, image, type: "cosign container image signature" }, optional: null }, options);
  const layers = keys.map((key, at) => {
    const signed = { payloadType: types.simpleSigning, payload, signature: key.sign(payload, options.scheme) };
    const altered = options.alter?.(signed, at) ?? signed;
    return toBlob(types.simpleSigning, altered.payload, { "dev.cosignproject.cosign/signature": base64(altered.signature) });
  });
  const artifactType = types.cosignSignature;
  if (format === "referrers") return toArtifact({ artifactType, config: emptyImage(artifactType, layers), layers, subject });
  return toArtifact({ artifactType, config: emptyImage(types.config, layers), layers, tag: tagOf(subject, "sig") });
}

export interface AttestOptions extends SignOptions {
  readonly key: SigningKey;
  /** The URI. Default cosign's vulnerability report. */
  readonly predicateType?: string;
  readonly predicate?: object;
  /** Default "bundle"; `legacy` is the tag `sha256-<hex>.att`. */
  readonly format?: "legacy" | "bundle";
}

/** Attests as `cosign attest --key` does: signed all the same, and no signature of the image. */
export function attest(options: AttestOptions): SignedArtifact {
  const { predicateType = "https://cosign.sigstore.dev/attestation/vuln/v1", predicate = { scanner: { result: "FAILED" } } } = options;
  const keys = [options.key];
  if (options.format !== "legacy") return bundleArtifact(keys, { ...options, predicateType, predicate });
  const envelope = toBlob(types.envelope, JSON.stringify(toEnvelope(keys, { ...options, predicateType, predicate })), {
    predicateType,
    "dev.cosignproject.cosign/signature": "",
  });
  const config = emptyImage(types.config, [envelope]);
  return toArtifact({ artifactType: types.config, config, layers: [envelope], tag: tagOf(options.subject, "att") });
}

/** One bit changed: the lowest of the byte in the middle, or of the byte at `at`. */
export function flipBit(bytes: Uint8Array, at: number = bytes.byteLength >> 1, bit = 0): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
}

/** The fields that a signature covers, by format; `signature` is the signature itself. */
export const signedFields: Readonly<Record<ImageSignatureFormat, readonly string[]>> = {
  legacy: ["critical.identity.docker-reference", "critical.image.docker-manifest-digest", "critical.type", "signature"],
  referrers: ["critical.identity.docker-reference", "critical.image.docker-manifest-digest", "critical.type", "signature"],
  bundle: ["payloadType", "_type", "subject.0.digest.sha256", "predicateType", "signature"],
};

/** For `alter`: one bit of the field changed after it was signed, with everything around it as it was. */
export function flipField(path: string): (signed: Signed) => Signed {
  return (signed) => {
    if (path === "signature") return { ...signed, signature: flipBit(signed.signature) };
    if (path === "payloadType") return { ...signed, payloadType: flipText(signed.payloadType) };
    const text = Buffer.from(signed.payload).toString();
    const value = path.split(".").reduce((object, name) => (object as Record<string, unknown>)[name], JSON.parse(text) as unknown);
    return { ...signed, payload: Buffer.from(text.replace(JSON.stringify(value), JSON.stringify(flipText(String(value))))) };
  };
}

function flipText(text: string): string {
  return Buffer.from(flipBit(Buffer.from(text))).toString();
}

const signPredicateType = "https://sigstore.dev/cosign/sign/v1";
type Statement = SignOptions & { readonly predicateType: string; readonly predicate: object };

function bundleArtifact(keys: readonly SigningKey[], options: Statement): SignedArtifact {
  const { subject, predicateType } = options;
  const hint = Buffer.from(keys[0]?.fingerprint.slice(7) ?? "", "hex").toString("base64");
  const dsseEnvelope = toEnvelope(keys, options);
  const bundle = toBlob(
    types.bundle,
    JSON.stringify({ mediaType: types.bundle, verificationMaterial: { publicKey: { hint } }, dsseEnvelope }),
  );
  return toArtifact({
    artifactType: types.bundle,
    config: toBlob(types.empty, "{}"),
    layers: [bundle],
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": predicateType,
      "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
    },
    subject,
  });
}

function toEnvelope(keys: readonly SigningKey[], options: Statement): object {
  const { subject, predicateType, predicate, payloadType = types.inToto } = options;
  const [algorithm = "", hex = ""] = subject.digest.split(":");
  const _type = predicateType === signPredicateType ? "https://in-toto.io/Statement/v1" : "https://in-toto.io/Statement/v0.1";
  const payload = encode({ _type, subject: [{ digest: { [algorithm]: hex } }], predicateType, predicate }, options);
  // DSSE v1.0.2 §signature-definition.
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `), payload]);
  const signed = keys.map((key, at) => {
    const one = { payloadType, payload, signature: key.sign(message, options.scheme) };
    return options.alter?.(one, at) ?? one;
  });
  const shared = signed[0] ?? { payloadType, payload };
  return {
    payload: base64(shared.payload),
    payloadType: shared.payloadType,
    signatures: signed.map(({ signature }) => ({ sig: base64(signature) })),
  };
}

/** cosign's own writer is Go's: no white space, and `null` where nothing is optional. */
function encode(document: object, { payload }: SignOptions): Uint8Array {
  const changed = payload?.(document) ?? document;
  return changed instanceof Uint8Array ? changed : Buffer.from(JSON.stringify(changed));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
