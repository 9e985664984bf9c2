import type { Resolved } from "../../engine/store.ts";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { digestOf } from "../../oci/digest-of.ts";
import { asObject, field, parseJSON } from "../../oci/json.ts";
import { mostValues, parseIndex, parseManifest } from "../../oci/manifest.ts";
import { isIndexMediaType, isManifestMediaType, manifestMediaTypes, mediaTypes } from "../../oci/media-type.ts";
import type { RegistryResponse } from "../../transport/request.ts";
import { storeError, type Read } from "./client.ts";
import type { Target } from "./locations.ts";

/** distribution-spec v1.1.1 §pushing-manifests: 4 MiB, in bytes. */
export const longestManifest = 4 * 1024 * 1024;

/** GET or HEAD of a manifest by tag or digest. */
export function manifestRead(reference: string, options: { readonly method?: "HEAD"; readonly limitBytes?: number } = {}): Read {
  const json = options.method === "HEAD" ? {} : { json: "the manifest" };
  return { resource: ["manifests", reference], accept: manifestMediaTypes, limitBytes: longestManifest, ...json, ...options };
}

/**
 * The descriptor of the manifest in `response`, from its bytes and nothing that the registry says about them. `expected` is the digest that was asked for;
 * of a tag the registry's own `Docker-Content-Digest` has to be true, for the container runtime goes by it.
 * @throws StoreError ProtocolError
 */
export function describeManifest(response: RegistryResponse, target: Target, expected?: Digest): Resolved {
  const { body } = response;
  const stated = response.headers.get("docker-content-digest");
  const digest = expected ?? (stated === undefined ? undefined : parseDigest(stated)) ?? digestOf(body);
  if (digestOf(body, digest) !== digest)
    throw storeError(
      "ProtocolError",
      target,
      expected === undefined ? "the Docker-Content-Digest of a tag is not that of its bytes" : `serves other bytes under ${expected}`,
    );
  return { ...typesOf(response, target), digest, size: body.byteLength };
}

/** Manifest and index are told apart by the document; a header that says otherwise is refused (CVE-2021-41190). */
function typesOf(response: RegistryResponse, target: Target): Omit<Resolved, "digest" | "size"> {
  const header = contentType(response);
  const json = parseJSON(response.body, "The manifest", { bytes: longestManifest, values: mostValues });
  const object = json.ok ? asObject(json.value) : undefined;
  const isIndex = object !== undefined && field(object, "manifests") !== undefined;
  const parsed = isIndex ? parseIndex(response.body) : parseManifest(response.body);
  if (!parsed.ok) throw storeError("ProtocolError", target, `a manifest cannot be read: ${parsed.message}`);
  const own = object === undefined ? undefined : field(object, "mediaType");
  // Docker's and OCI's documents have the same shape; where the document does not say which it is, the header does.
  const named = typeof own === "string" && own !== "" ? own : header;
  const isKnown = isIndexMediaType(header) || isManifestMediaType(header);
  if (isKnown && isIndexMediaType(header) !== isIndex)
    throw storeError("ProtocolError", target, "the Content-Type of a manifest contradicts the document");
  if (isIndex) {
    const index = parseIndex(response.body);
    return {
      mediaType: isIndexMediaType(named) ? named : mediaTypes.imageIndex,
      ...(index.ok && { platforms: index.value.manifests }),
    };
  }
  const { artifactType } = parsed.value;
  return { mediaType: isManifestMediaType(named) ? named : mediaTypes.imageManifest, ...(artifactType !== undefined && { artifactType }) };
}

function contentType(response: RegistryResponse): string {
  return (response.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
