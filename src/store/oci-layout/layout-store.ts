import { LRUCache } from "lru-cache";
import type { OciLayoutStoreConfig, StoreSpecCommon } from "../../api/store.ts";
import { limitExceeded } from "../../engine/limits.ts";
import { type EndpointObservation, type Location, type Resolved, type Store, StoreError } from "../../engine/store.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestHex } from "../../oci/digest.ts";
import { digestOf } from "../../oci/digest-of.ts";
import { type Manifest, parseIndex, parseManifest } from "../../oci/manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "../../oci/media-type.ts";
import { cosignSignatureTag } from "../../oci/referrer-tag.ts";
import { printRepository, type Repository } from "../../oci/repository.ts";
import { layoutError, LayoutFiles } from "./layout-files.ts";

export interface OciLayoutStoreDeps {
  readonly name: string;
  readonly clock: Clock;
  /** `--file-root`; absent: every call fails with UnsafeEndpoint. */
  readonly fileRoot?: string;
  readonly spec: StoreSpecCommon;
}

/** distribution-spec v1.1.1 §pushing-manifests: 4 MiB, in bytes. */
const longestManifest = 4 * 1024 * 1024;
/** Of index.json and the indexes in it together: each is a file to read. */
const mostManifests = 10_000;
/** index.json, an image index, and the index of a fallback tag: nobody nests deeper. */
const deepest = 4;
/** image-spec v1.1.1 §pre-defined annotation keys. */
const refName = "org.opencontainers.image.ref.name";

/** A manifest of the layout and the name that index.json gives it. */
interface Entry {
  readonly descriptor: Descriptor;
  /** Listed in index.json itself: its content has to be there. */
  readonly isTop: boolean;
}

/** Store of type `ociLayout`: an image layout on disk (image-spec v1.1.1 §image-layout), read afresh for every call. Synchronous, reads nothing until a method is called. */
export function ociLayoutStore(config: OciLayoutStoreConfig, deps: OciLayoutStoreDeps): Store {
  return new OciLayoutStore(config, deps);
}

class OciLayoutStore implements Store {
  readonly name: string;
  readonly #path: string;
  readonly #deps: OciLayoutStoreDeps;
  readonly #files: LayoutFiles;
  /** By digest, so that it can never be out of date: which subject a manifest has. */
  readonly #subjects = new LRUCache<Digest, { readonly subject: Digest | undefined; readonly artifactType: string | undefined }>({
    max: mostManifests,
  });

  constructor(config: OciLayoutStoreConfig, deps: OciLayoutStoreDeps) {
    this.name = deps.name;
    this.#path = config.path;
    this.#deps = deps;
    this.#files = new LayoutFiles(deps.fileRoot, config.path);
  }

  locate(): Location {
    return { key: `layout:${this.#path}`, host: this.#path };
  }

  identity(): string {
    return "layout";
  }

  authority(): string {
    return "layout";
  }

  /** No registry is asked. */
  repositories(): readonly Repository[] {
    return [];
  }

  async resolve(
    repository: Repository,
    reference: { readonly tag: string } | { readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<Resolved> {
    const entries = await this.#entries(signal);
    const isWanted =
      "digest" in reference
        ? ({ descriptor }: Entry) => descriptor.digest === reference.digest
        : (entry: Entry) => isNamed(entry, reference.tag, repository);
    const found = entries.find(isWanted);
    if (found === undefined) throw layoutError("NotFound", "has no manifest of that name or digest");
    if (entries.some((entry) => isWanted(entry) && entry.descriptor.digest !== found.descriptor.digest))
      throw layoutError("ProtocolError", "has two manifests of that name");
    const bytes = await this.#content(found.descriptor, signal);
    if (bytes === undefined) throw layoutError("NotFound", "lists the manifest and does not hold it");
    const { mediaType, digest, size } = found.descriptor;
    if (!isIndexMediaType(mediaType)) return { mediaType, digest, size };
    return { mediaType, digest, size, platforms: this.#listed(bytes, false).map(({ descriptor }) => descriptor) };
  }

  async *listReferrers(_repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncGenerator<Descriptor, void, undefined> {
    for (const entry of await this.#entries(signal)) {
      if (!isManifestMediaType(entry.descriptor.mediaType)) continue;
      const known = await this.#subjectOf(entry, signal);
      if (known?.subject !== subject.digest) continue;
      const { mediaType, digest, size, annotations } = entry.descriptor;
      yield {
        mediaType,
        digest,
        size,
        ...(known.artifactType !== undefined && { artifactType: known.artifactType }),
        ...(annotations !== undefined && { annotations }),
      };
    }
  }

  async *listTagged(repository: Repository, subject: Descriptor, signal: AbortSignal): AsyncGenerator<Descriptor, void, undefined> {
    const found = (await this.#entries(signal)).find((entry) => isNamed(entry, cosignSignatureTag(subject.digest), repository));
    if (found === undefined) return;
    const { mediaType, digest, size } = found.descriptor;
    yield { mediaType, digest, size };
  }

  async fetch(_repository: Repository, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    const isManifest = isManifestMediaType(descriptor.mediaType) || isIndexMediaType(descriptor.mediaType);
    const { limits } = this.#deps.spec;
    const limit = isManifest ? "manifestBytes" : "blobBytes";
    if (descriptor.size > limits[limit])
      throw new StoreError(limitExceeded(`The image layout is asked for ${descriptor.size} bytes`, { limit, limits, store: this.name }));
    const bytes = await this.#content(descriptor, signal);
    if (bytes === undefined) throw layoutError("NotFound", `has no ${descriptor.digest}`);
    return bytes;
  }

  /** None: there is no host to ask, and files are read when they are wanted. */
  endpoints(): readonly string[] {
    return [];
  }

  async probe(endpoint: string, signal: AbortSignal): Promise<EndpointObservation> {
    signal.throwIfAborted();
    const failure = { class: "Internal", message: "An image layout has no endpoint to probe" } as const;
    return Promise.resolve({ endpoint, source: "probe", time: this.#deps.clock.now(), latencyMs: 0, failure });
  }

  /** Everything that index.json lists, and the indexes in it list, each digest as often as it is named. */
  async #entries(signal: AbortSignal): Promise<readonly Entry[]> {
    await this.#files.check(signal);
    const bytes = await this.#files.read("index.json", { limit: longestManifest }, signal);
    if (bytes === undefined) throw layoutError("ProtocolError", "has no index.json");
    const entries: Entry[] = [];
    const opened = new Set<Digest>();
    let level = this.#listed(bytes, true);
    for (let depth = 1; level.length > 0; depth += 1) {
      if (depth > deepest) throw layoutError("LimitExceeded", `nests indexes deeper than ${deepest} levels`);
      entries.push(...level);
      if (entries.length > mostManifests) throw layoutError("LimitExceeded", `lists more than ${mostManifests} manifests`);
      const next: Entry[] = [];
      for (const { descriptor, isTop } of level) {
        if (!isIndexMediaType(descriptor.mediaType) || opened.has(descriptor.digest)) continue;
        opened.add(descriptor.digest);
        const index = await this.#content(descriptor, signal);
        if (index !== undefined) next.push(...this.#listed(index, false));
        else if (isTop) throw layoutError("ProtocolError", "lists an index and does not hold it");
      }
      level = next;
    }
    return entries;
  }

  #listed(bytes: Uint8Array, isTop: boolean): readonly Entry[] {
    const index = parseIndex(bytes);
    if (!index.ok) throw layoutError("ProtocolError", `has an index that cannot be read: ${index.message}`);
    return index.value.manifests.map((descriptor) => ({ descriptor, isTop }));
  }

  /**
   * Undefined for a manifest that is not there: an image for several platforms is often copied with one of them, and what is not there is no evidence.
   * index.json itself lists nothing that is missing.
   */
  async #subjectOf(
    { descriptor, isTop }: Entry,
    signal: AbortSignal,
  ): Promise<{ readonly subject: Digest | undefined; readonly artifactType: string | undefined } | undefined> {
    const known = this.#subjects.get(descriptor.digest);
    if (known !== undefined) return known;
    const bytes = await this.#content(descriptor, signal);
    if (bytes === undefined && isTop) throw layoutError("ProtocolError", "lists a manifest and does not hold it");
    if (bytes === undefined) return undefined;
    const parsed = parseManifest(bytes);
    if (!parsed.ok) throw layoutError("ProtocolError", `has a manifest that cannot be read: ${parsed.message}`);
    const learnt = { subject: parsed.value.subject?.digest, artifactType: artifactTypeOf(parsed.value) };
    this.#subjects.set(descriptor.digest, learnt);
    return learnt;
  }

  /** Size and digest checked; undefined where there is no such blob. */
  async #content({ mediaType, digest, size }: Descriptor, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (size > longestManifest && (isManifestMediaType(mediaType) || isIndexMediaType(mediaType)))
      throw layoutError("LimitExceeded", `has a manifest of ${size} bytes where ${longestManifest} are allowed`);
    const bytes = await this.#files.read(`blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`, { limit: size }, signal);
    if (bytes === undefined) return undefined;
    if (bytes.byteLength !== size || digestOf(bytes, digest) !== digest)
      throw layoutError("ProtocolError", `holds other bytes under ${digest}`);
    return bytes;
  }
}

/** image-spec v1.1.1 §guidelines-for-artifact-usage. */
function artifactTypeOf(manifest: Manifest): string | undefined {
  return manifest.artifactType ?? manifest.config.mediaType;
}

/** `ref.name` is a tag (oras, skopeo) or the whole reference (crane, docker); only index.json gives names. */
function isNamed({ descriptor, isTop }: Entry, tag: string, repository: Repository): boolean {
  const name = isTop ? descriptor.annotations?.get(refName) : undefined;
  return name === tag || name === `${printRepository(repository)}:${tag}`;
}
