import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** What a manifest, a blob or an index is known by. */
export interface Pushed {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest as it is written: the fields that tests look at, and whatever else they want to plant. */
export interface ManifestDocument {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Pushed;
  readonly layers?: readonly Pushed[];
  readonly manifests?: readonly Pushed[];
  readonly subject?: Pushed;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function encode(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document), "utf8");
}

/** A blob with the descriptor that a manifest names it by. */
export function blob(mediaType: string, content: Uint8Array | string): { readonly bytes: Buffer; readonly descriptor: Pushed } {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : Buffer.from(content);
  return { bytes, descriptor: { mediaType, digest: sha256(bytes), size: bytes.byteLength } };
}

/** Config and one layer of an image that is the same for the same seed on every machine. */
export function imageParts(seed: string): {
  readonly document: ManifestDocument;
  readonly blobs: readonly Buffer[];
} {
  // A gzip header holds no time and the tar is empty but for the seed: enough for a layer that nobody unpacks.
  const layer = blob(types.layer, gzipSync(Buffer.from(`${seed}\n`.padEnd(1024, "\0")), { level: 0 }));
  const config = blob(
    types.config,
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { seed } }, rootfs: { type: "layers", diff_ids: [] } }),
  );
  return {
    document: { schemaVersion: 2, mediaType: types.manifest, config: config.descriptor, layers: [layer.descriptor] },
    blobs: [config.bytes, layer.bytes],
  };
}

/** One repository: content by digest, and names. */
export class RepositoryContent {
  readonly manifests = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>();
  readonly blobs = new Map<string, Buffer>();
  readonly tags = new Map<string, string>();
  /** By subject digest, in the order of pushing. */
  readonly referrers = new Map<string, Pushed[]>();

  putManifest(bytes: Buffer, mediaType: string, document?: ManifestDocument): Pushed {
    const digest = sha256(bytes);
    this.manifests.set(digest, { bytes, mediaType });
    const descriptor: Pushed = { mediaType, digest, size: bytes.byteLength };
    const subject = document?.subject;
    if (document === undefined || subject === undefined) return descriptor;
    const artifactType = document.artifactType ?? document.config?.mediaType;
    const referrer: Pushed = {
      ...descriptor,
      ...(artifactType !== undefined && { artifactType }),
      ...(document.annotations !== undefined && { annotations: document.annotations }),
    };
    const listed = this.referrers.get(subject.digest) ?? [];
    if (!listed.some((known) => known.digest === digest)) this.referrers.set(subject.digest, [...listed, referrer]);
    return referrer;
  }

  /** By digest or tag. */
  manifest(reference: string): { readonly digest: string; readonly bytes: Buffer; readonly mediaType: string } | undefined {
    const digest = reference.includes(":") ? reference : this.tags.get(reference);
    const found = digest === undefined ? undefined : this.manifests.get(digest);
    return found === undefined || digest === undefined ? undefined : { digest, ...found };
  }
}
