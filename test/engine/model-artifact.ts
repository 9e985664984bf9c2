import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";

/** A manifest with its layers, as a registry would hold it. */
export interface ModelArtifact {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly layers: ReadonlyMap<Digest, Uint8Array>;
  /** What the listing says of it where that is not the truth. */
  readonly listed?: Descriptor;
}

/** The artifact type that model verifiers judge. */
export const signatureType = "application/vnd.model.signature";

/** What model verifiers make of it: `by alice bob` is verified, `partly alice` too and there may be more signers, the rest is what it says. */
export type Finding = `by ${string}` | `partly ${string}` | "bad" | "attestation" | "unclear" | "throws" | "layer";

export interface ArtifactOptions {
  /** Default `by alice`. `layer`: verified by alice if its layer can be read. */
  readonly finding?: Finding;
  /** What the manifest names; absent: `subject`. Null: none, as under cosign's tag. */
  readonly names?: Digest | null;
  readonly type?: string;
  /** Tells apart what would otherwise be the same bytes. */
  readonly salt?: string | number;
  /** Type as listed; null: the listing does not say. Default the truth. */
  readonly listedType?: string | null;
  readonly listedSize?: number;
}

export const subject: Digest = digestOf(Buffer.from("the image"));
export const otherSubject: Digest = digestOf(Buffer.from("another image"));

export function artifact(options: ArtifactOptions = {}): ModelArtifact {
  const { finding = "by alice", names = subject, type = signatureType, salt = "" } = options;
  const layer = Buffer.from(`layer ${salt}`);
  const layers = finding === "layer" ? [{ mediaType: "application/octet-stream", digest: digestOf(layer), size: layer.byteLength }] : [];
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      artifactType: type,
      config: { mediaType: mediaTypes.empty, digest: digestOf(Buffer.from("{}")), size: 2 },
      layers,
      ...(names !== null && { subject: { mediaType: mediaTypes.imageManifest, digest: names, size: 500 } }),
      annotations: { finding, salt: String(salt) },
    }),
  );
  return fromBytes(bytes, options, new Map(layers.map(({ digest }) => [digest, layer])));
}

/** Bytes that are no manifest, under their own digest. */
export function malformed(text = "{"): ModelArtifact {
  return fromBytes(Buffer.from(text), {}, new Map());
}

function fromBytes(bytes: Uint8Array, options: ArtifactOptions, layers: ReadonlyMap<Digest, Uint8Array>): ModelArtifact {
  const { type = signatureType, listedType = type, listedSize = bytes.byteLength } = options;
  const plain = { mediaType: mediaTypes.imageManifest, digest: digestOf(bytes) };
  const descriptor = { ...plain, size: bytes.byteLength, artifactType: type };
  const listed = { ...plain, size: listedSize, ...(listedType !== null && { artifactType: listedType }) };
  return { descriptor, bytes, layers, listed };
}
