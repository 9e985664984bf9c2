/** Media types of image-spec v1.1.1 §media-types, Docker's own that registries still serve, and those that cosign writes. */
export const mediaTypes = {
  imageManifest: "application/vnd.oci.image.manifest.v1+json",
  imageIndex: "application/vnd.oci.image.index.v1+json",
  imageConfig: "application/vnd.oci.image.config.v1+json",
  /** The content is `{}`. */
  empty: "application/vnd.oci.empty.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  /** Layer of a legacy cosign signature (`sha256-<hex>.sig`): the payload that was signed. */
  cosignSimpleSigning: "application/vnd.dev.cosign.simplesigning.v1+json",
  /** Artifact type of a cosign signature that is a referrer (OCI 1.1). */
  cosignSignature: "application/vnd.dev.cosign.artifact.sig.v1+json",
  /** Layer and artifact type of a Sigstore bundle. */
  sigstoreBundleV03: "application/vnd.dev.sigstore.bundle.v0.3+json",
  inToto: "application/vnd.in-toto+json",
  dsseEnvelope: "application/vnd.dsse.envelope.v1+json",
  notationSignature: "application/vnd.cncf.notary.signature",
} as const;

/** What `Accept` offers for a manifest or an index. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.imageManifest,
  mediaTypes.imageIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
];

export function isIndexMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageIndex || mediaType === mediaTypes.dockerManifestList;
}

export function isManifestMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageManifest || mediaType === mediaTypes.dockerManifest;
}
