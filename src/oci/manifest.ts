import type { Descriptor } from "./descriptor.ts";
import { parseDigest } from "./digest.ts";
import { asObject, field, parseJSON } from "./json.ts";
import { isIndexMediaType, isManifestMediaType, mediaTypes } from "./media-type.ts";
import { accept, type Parsed, type ParseReason } from "./parsed.ts";

/** An image manifest (image-spec v1.1.1 §manifest), or Docker's of the same shape. */
export interface Manifest {
  /** The document's own; where it has none, OCI's. */
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: ReadonlyMap<string, string>;
}

/** An image index (image-spec v1.1.1 §image-index), a manifest list, or an answer of the referrers API. */
export interface Index {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: ReadonlyMap<string, string>;
}

/** distribution-spec v1.1.1 §pushing-manifests: registries should take 4 MiB and need not take more. */
const longestManifest = 4 * 1024 * 1024;
/** Layers of a manifest, or entries of an index: a listing that 4 MiB could hold, and no longer a burden on the loop. */
const mostDescriptors = 10_000;
/** Entries of one page of a listing: what 4 MiB hold, of the shortest that registries write. */
export const mostListed = 20_000;
/** In one manifest or index: some 50 ms of the event loop, however they are made; an index of 10,000 entries needs 60,000. A listing is read whatever it costs. */
export const mostValues = 150_000;
/** Of one object; annotations are otherwise bounded by the document. */
const mostAnnotations = 1_000;
/** RFC 6838 §4.2: two names of at most 127 characters. */
const longestMediaType = 255;
const mediaTypeShape = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** Decodes an image manifest of at most 4 MiB with at most 10,000 layers; unknown fields are ignored, an index in disguise is not. */
export function parseManifest(bytes: Uint8Array): Parsed<Manifest> {
  const document = parseDocument(bytes, "The manifest", mostValues);
  if (!document.ok) return document;
  const { object, mediaType, artifactType, subject, annotations } = document.value;
  if (mediaType !== undefined && !isManifestMediaType(mediaType))
    return fail("BadShape", "The manifest's mediaType is not an image manifest's");
  if (field(object, "manifests") !== undefined) return fail("Ambiguous", 'The manifest has "manifests" as an index has (CVE-2021-41190)');
  const config = parseDescriptor(field(object, "config"), "config");
  if (!config.ok) return config;
  const layers = parseDescriptors(field(object, "layers"), "layers");
  if (!layers.ok) return layers;
  return accept({
    mediaType: mediaType ?? mediaTypes.imageManifest,
    ...(artifactType !== undefined && { artifactType }),
    config: config.value,
    layers: layers.value,
    ...(subject !== undefined && { subject }),
    annotations,
  });
}

/** Decodes an index of at most 4 MiB with at most 10,000 entries; `"manifests": null`, which registries written in Go answer, is empty. */
export function parseIndex(bytes: Uint8Array): Parsed<Index> {
  const document = parseIndexDocument(bytes, mostValues);
  if (!document.ok) return document;
  const { mediaType, artifactType, subject, annotations, listed } = document.value;
  const manifests = listed === null ? accept([]) : parseDescriptors(listed, "manifests");
  if (!manifests.ok) return manifests;
  return accept({
    mediaType: mediaType ?? mediaTypes.imageIndex,
    ...(artifactType !== undefined && { artifactType }),
    manifests: manifests.value,
    ...(subject !== undefined && { subject }),
    annotations,
  });
}

/** A page of a list of referrers: the registry made it of what anybody may have pushed. */
export interface Listing {
  /** Those entries that can be read. */
  readonly manifests: readonly Descriptor[];
  /** Why the first of the others cannot: the list is then not complete, and what it holds besides is worth no less. */
  readonly defect?: string;
}

/** Decodes one page of at most 4 MiB with at most {@link mostListed} entries. Annotations of an entry that are none are left out: nothing goes by them. */
export function parseListing(bytes: Uint8Array): Parsed<Listing> {
  const document = parseIndexDocument(bytes);
  if (!document.ok) return document;
  const listed = document.value.listed === null ? [] : document.value.listed;
  if (!Array.isArray(listed)) return fail("BadShape", "manifests is not a list");
  if (listed.length > mostListed) return fail("TooMany", `manifests has more than ${mostListed} entries`);
  const manifests: Descriptor[] = [];
  let defect: string | undefined;
  for (const [at, item] of listed.entries()) {
    const parsed = parseDescriptor(item, `manifests[${at}]`, { lenient: true });
    if (parsed.ok) manifests.push(parsed.value);
    else defect ??= parsed.message;
  }
  return accept({ manifests, ...(defect !== undefined && { defect }) });
}

function parseIndexDocument(bytes: Uint8Array, values?: number): Parsed<Document & { readonly listed: unknown }> {
  const document = parseDocument(bytes, "The index", values);
  if (!document.ok) return document;
  const { object, mediaType } = document.value;
  if (mediaType !== undefined && !isIndexMediaType(mediaType)) return fail("BadShape", "The index's mediaType is not an image index's");
  if (field(object, "layers") !== undefined || field(object, "config") !== undefined)
    return fail("Ambiguous", 'The index has "config" or "layers" as a manifest has (CVE-2021-41190)');
  return accept({ ...document.value, listed: field(object, "manifests") });
}

interface Document {
  readonly object: Readonly<Record<string, unknown>>;
  readonly mediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly subject: Descriptor | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

/** What a manifest and an index have in common. */
function parseDocument(bytes: Uint8Array, what: string, values?: number): Parsed<Document> {
  const json = parseJSON(bytes, what, { bytes: longestManifest, ...(values !== undefined && { values }) });
  if (!json.ok) return json;
  const object = asObject(json.value);
  if (object === undefined) return fail("BadShape", `${what} is not a JSON object`);
  if (field(object, "schemaVersion") !== 2) return fail("BadShape", `${what} does not have schemaVersion 2`);
  const mediaType = parseMediaType(field(object, "mediaType"), "mediaType");
  if (!mediaType.ok) return mediaType;
  const artifactType = parseMediaType(field(object, "artifactType"), "artifactType");
  if (!artifactType.ok) return artifactType;
  const annotations = parseAnnotations(field(object, "annotations"), "annotations");
  if (!annotations.ok) return annotations;
  const named = field(object, "subject") ?? undefined;
  const subject = named === undefined ? accept(undefined) : parseDescriptor(named, "subject");
  if (!subject.ok) return subject;
  return accept({
    object,
    mediaType: mediaType.value,
    artifactType: artifactType.value,
    subject: subject.value,
    annotations: annotations.value ?? new Map(),
  });
}

function parseDescriptors(value: unknown, path: string): Parsed<readonly Descriptor[]> {
  if (!Array.isArray(value)) return fail("BadShape", `${path} is not a list`);
  if (value.length > mostDescriptors) return fail("TooMany", `${path} has more than ${mostDescriptors} entries`);
  const descriptors: Descriptor[] = [];
  for (const [at, item] of value.entries()) {
    const descriptor = parseDescriptor(item, `${path}[${at}]`);
    if (!descriptor.ok) return descriptor;
    descriptors.push(descriptor.value);
  }
  return accept(descriptors);
}

/** image-spec v1.1.1 §descriptor; `urls` and `data` are never used: content comes by digest from the store that was asked (CVE-2020-15157). */
function parseDescriptor(value: unknown, path: string, options: { readonly lenient?: boolean } = {}): Parsed<Descriptor> {
  const object = asObject(value);
  if (object === undefined) return fail("BadDescriptor", `${path} is not a descriptor`);
  const mediaType = parseMediaType(field(object, "mediaType"), `${path}.mediaType`);
  if (!mediaType.ok) return mediaType;
  if (mediaType.value === undefined) return fail("BadDescriptor", `${path}.mediaType is missing`);
  const text = field(object, "digest");
  const digest = typeof text === "string" ? parseDigest(text) : undefined;
  if (digest === undefined) return fail("BadDescriptor", `${path}.digest is not a sha256 or sha512 digest`);
  const size = field(object, "size");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    return fail("BadDescriptor", `${path}.size is not a number of bytes`);
  // A listing is not lost for one odd entry that anyone may have pushed: its manifest's own bytes decide (absent: every verifier is asked).
  const artifactType = parseMediaType(field(object, "artifactType"), path);
  const annotations = parseAnnotations(field(object, "annotations"), `${path}.annotations`);
  if (!annotations.ok && options.lenient !== true) return annotations;
  return accept({
    mediaType: mediaType.value,
    digest,
    size,
    ...(artifactType.ok && artifactType.value !== undefined && { artifactType: artifactType.value }),
    ...(annotations.ok && annotations.value !== undefined && { annotations: annotations.value }),
  });
}

/** Absent, `null` and `""` are the same: writers in Go leave out or keep the empty value as it happens. */
function parseMediaType(value: unknown, path: string): Parsed<string | undefined> {
  if (value === undefined || value === null || value === "") return accept(undefined);
  if (typeof value !== "string" || value.length > longestMediaType || !mediaTypeShape.test(value))
    return fail("BadShape", `${path} is not a media type`);
  return accept(value);
}

function parseAnnotations(value: unknown, path: string): Parsed<ReadonlyMap<string, string> | undefined> {
  if (value === undefined || value === null) return accept(undefined);
  const object = asObject(value);
  if (object === undefined) return fail("BadShape", `${path} is not a map of strings`);
  const entries = Object.entries(object);
  if (entries.length > mostAnnotations) return fail("TooMany", `${path} has more than ${mostAnnotations} entries`);
  const annotations = new Map<string, string>();
  for (const [key, text] of entries) {
    if (typeof text !== "string") return fail("BadShape", `${path} is not a map of strings`);
    annotations.set(key, text);
  }
  return accept(annotations);
}

function fail(reason: ParseReason, message: string): Parsed<never> {
  return { ok: false, reason, message };
}
