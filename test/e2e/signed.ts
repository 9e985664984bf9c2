/** Pushes what the tests' own signer made to a real registry. */
import { pushBlob, pushManifest, type PushTarget } from "../support/real/image.ts";
import type { SignedArtifact, Subject } from "../support/signer.ts";

/** A referrer also as the index under the fallback tag (distribution-spec v1.1.1 §pushing-manifests-with-subject), which a registry with the API does not need and does not mind. */
export async function pushSigned(target: PushTarget, artifact: SignedArtifact, subject: Subject): Promise<void> {
  for (const { bytes, mediaType } of artifact.blobs) await pushBlob(target, { content: bytes, mediaType });
  const { manifest, mediaType, digest, size, artifactType, tag } = artifact;
  await pushManifest(target, { manifest, mediaType, ...(tag !== undefined && { tag }) });
  if (tag !== undefined) return;
  const index = "application/vnd.oci.image.index.v1+json";
  await pushManifest(target, {
    manifest: { schemaVersion: 2, mediaType: index, manifests: [{ mediaType, digest, size, artifactType }] },
    mediaType: index,
    tag: subject.digest.replace(":", "-"),
  });
}
