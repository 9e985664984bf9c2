import type { Digest } from "../../oci/digest.ts";
import { digestAlgorithm, digestHex } from "../../oci/digest.ts";
import { parseIndex, parseManifest } from "../../oci/manifest.ts";
import { isManifestMediaType } from "../../oci/media-type.ts";
import { layoutError, LayoutFiles } from "./layout-files.ts";

/** An image that index.json of a layout lists. */
export interface LayoutImage {
  readonly digest: Digest;
  /** `org.opencontainers.image.ref.name`: a tag, or a whole reference. */
  readonly name?: string;
}

/** distribution-spec v1.1.1 §pushing-manifests: 4 MiB, in bytes. */
const longestManifest = 4 * 1024 * 1024;
/** Entries that are opened to see what they refer to; a longer index is shown as it is. */
const mostOpened = 256;
const refName = "org.opencontainers.image.ref.name";
/** What stands under such a name belongs to an image: cosign's tags, and the index of a referrers tag (distribution-spec v1.1.1 §referrers-tag-schema). */
const attached = /^(?:.*[:/])?sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/;

/**
 * The images of a layout, each digest once, in the order of index.json: what is there to be judged when nobody says which. Signatures and the like, which
 * refer to another manifest, are none. @throws StoreError
 */
export async function layoutImages(directory: string, signal: AbortSignal): Promise<readonly LayoutImage[]> {
  const files = new LayoutFiles(directory, directory);
  await files.check(signal);
  const bytes = await files.read("index.json", { limit: longestManifest }, signal);
  if (bytes === undefined) throw layoutError("ProtocolError", "has no index.json");
  const index = parseIndex(bytes);
  if (!index.ok) throw layoutError("ProtocolError", `has an index that cannot be read: ${index.message}`);
  const { manifests } = index.value;
  const images = new Map<Digest, LayoutImage>();
  for (const { digest, mediaType, annotations, size } of manifests) {
    const name = annotations?.get(refName);
    if (images.has(digest) || (name !== undefined && attached.test(name))) continue;
    if (manifests.length > 1 && manifests.length <= mostOpened && isManifestMediaType(mediaType)) {
      const content = await files.read(
        `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`,
        { limit: Math.min(size, longestManifest) },
        signal,
      );
      const manifest = content === undefined ? undefined : parseManifest(content);
      if (manifest?.ok === true && manifest.value.subject !== undefined) continue;
    }
    images.set(digest, { digest, ...(name !== undefined && { name }) });
  }
  return [...images.values()];
}
