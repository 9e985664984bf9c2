import { createHash } from "node:crypto";

export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  simpleSigning: "application/vnd.dev.cosign.simplesigning.v1+json",
  cosignSignature: "application/vnd.dev.cosign.artifact.sig.v1+json",
  bundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
  envelope: "application/vnd.dsse.envelope.v1+json",
  inToto: "application/vnd.in-toto+json",
} as const;

/** What is signed, or the signature's own descriptor. */
export interface Subject {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface SignerBlob extends Subject {
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A signature or an attestation, ready to push: the blobs first, then the manifest by its tag or its digest. */
export interface SignedArtifact {
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** As the engine gives it to a verifier; of what is found by its tag, the tag's. */
  readonly artifactType: string;
  readonly blobs: readonly SignerBlob[];
  /** `sha256-<hex>.sig` or `.att`; absent for a referrer. */
  readonly tag?: string;
}

export function toBlob(mediaType: string, content: Uint8Array | string, annotations?: Readonly<Record<string, string>>): SignerBlob {
  const bytes = Buffer.from(content);
  return { mediaType, digest: sha256(bytes), size: bytes.byteLength, bytes, ...(annotations !== undefined && { annotations }) };
}

interface Parts {
  readonly artifactType: string;
  readonly config: SignerBlob;
  readonly layers: readonly SignerBlob[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** A referrer has one. */
  readonly subject?: Subject;
  readonly tag?: string;
}

export function toArtifact({ artifactType, config, layers, annotations, subject, tag }: Parts): SignedArtifact {
  const document = {
    schemaVersion: 2,
    mediaType: types.manifest,
    ...(subject !== undefined && { artifactType }),
    config: descriptor(config),
    layers: layers.map(descriptor),
    ...(annotations !== undefined && { annotations }),
    ...(subject !== undefined && { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } }),
  };
  const manifest = Buffer.from(JSON.stringify(document));
  return {
    manifest,
    mediaType: types.manifest,
    digest: sha256(manifest),
    size: manifest.byteLength,
    artifactType,
    blobs: [config, ...layers],
    ...(tag !== undefined && { tag }),
  };
}

/** cosign's tag for what belongs to an image. */
export function tagOf(subject: Subject, suffix: "sig" | "att"): string {
  return `${subject.digest.replace(":", "-")}.${suffix}`;
}

/** The config of a legacy artifact: an image of nothing. */
export function emptyImage(mediaType: string, layers: readonly SignerBlob[]): SignerBlob {
  const created = "0001-01-01T00:00:00Z";
  const rootfs = { type: "layers", diff_ids: layers.map((layer) => layer.digest) };
  return toBlob(mediaType, JSON.stringify({ architecture: "", created, history: [{ created }], os: "", rootfs, config: {} }));
}

function descriptor({ mediaType, digest, size, annotations }: SignerBlob): object {
  return { mediaType, digest, size, ...(annotations !== undefined && { annotations }) };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
