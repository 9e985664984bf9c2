import { raceSignal } from "../kernel/clock.ts";
import { mapLimited } from "../kernel/limit.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseIndex, parseManifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media-type.ts";
import { registryOf } from "../oci/repository.ts";
import { describeFailure, toFailure } from "./failure.ts";
import { isReader, type Reader } from "./locations.ts";
import type { JudgeRequest } from "./request.ts";
import { type Resolved, StoreError } from "./store.ts";
import { describeObject } from "./view.ts";

/** Manifests and indexes that one index leads to; official images have a dozen. */
const mostNamed = 32;
/** An index in an index is rare, and one in that is unheard of. */
const deepest = 3;
const askedAtOnce = 4;

export type Platforms =
  | { readonly outcome: "manifest" }
  /** Every manifest that the index leads to, sorted. */
  | { readonly outcome: "index"; readonly digests: readonly Digest[] }
  | { readonly outcome: "unknown"; readonly cause: string };

/** What one digest is, by its own bytes. */
type Content =
  | { readonly kind: "manifest" }
  | { readonly kind: "index"; readonly digests: readonly Digest[] }
  | { readonly kind: "unknown"; readonly cause: string };

/**
 * The manifests that the digest leads to. An index in an index is opened as well, whatever the outer one calls it: else whoever may push could put an index
 * that is signed as a whole into another, and it would pass for a manifest that is signed by itself.
 */
export async function findPlatforms(request: JudgeRequest, signal: AbortSignal): Promise<Platforms> {
  const root = request.digest;
  const seen = new Set<Digest>([root]);
  const manifests: Digest[] = [];
  let level: readonly Digest[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return unknown(`${root} is an index that nests deeper than ${deepest} levels`);
    const contents = await mapLimited(level, (digest) => contentOf(digest, request, signal), {
      concurrency: askedAtOnce,
      signal: new AbortController().signal, // each answers by itself when `signal` aborts
    });
    const next: Digest[] = [];
    for (const [at, content] of contents.entries()) {
      if (content.kind === "unknown") return unknown(content.cause);
      if (content.kind === "index") next.push(...content.digests);
      else manifests.push(...level.slice(at, at + 1));
    }
    level = [...new Set(next)].filter((digest) => !seen.has(digest));
    for (const digest of level) seen.add(digest);
    if (seen.size - 1 > mostNamed) return unknown(`${root} is an index of ${seen.size - 1} manifests, and at most ${mostNamed} are judged`);
  }
  if (manifests.includes(root)) return { outcome: "manifest" };
  if (manifests.length === 0) return unknown(`${root} is an index that names no manifest`);
  return { outcome: "index", digests: manifests.toSorted() };
}

function unknown(cause: string): Platforms {
  return { outcome: "unknown", cause };
}

/** By the first Store that has it; any will do, since what it has is checked against the digest. */
async function contentOf(digest: Digest, { view, reference, budget }: JudgeRequest, signal: AbortSignal): Promise<Content> {
  const failures: string[] = [];
  for (const reader of view.stores.filter(isReader)) {
    using deadline = budget.deadline(reader.timeoutMs, signal);
    const ask = { reader, digest, repository: reference.repository };
    try {
      // Raced: a Store that does not listen to its signal must not hold up the verification.
      return await raceSignal(contentBy(ask, deadline.signal), deadline.signal);
    } catch (error) {
      const host = registryOf(reference.repository);
      failures.push(describeFailure(reader.name, toFailure(error, { host, timeoutMs: reader.timeoutMs })));
    }
  }
  const asked = failures.length === 0 ? "no registry Store is asked about it" : failures.join(", ");
  return { kind: "unknown", cause: `which manifests ${digest} names is not known: ${asked}` };
}

interface Ask {
  readonly reader: Reader;
  readonly digest: Digest;
  readonly repository: JudgeRequest["reference"]["repository"];
}

/** @throws StoreError */
async function contentBy({ reader: { store }, digest, repository }: Ask, signal: AbortSignal): Promise<Content> {
  const resolved = await store.resolve(repository, { digest }, signal);
  if (resolved.digest !== digest) throw protocolError(store.name, "answered for another digest");
  if (resolved.platforms !== undefined) return toContent(resolved.platforms);
  if (saysWhatItIs(resolved, store.repositories(repository).length > 0)) return { kind: "manifest" };
  const bytes = await store.fetch(repository, resolved, signal);
  const index = parseIndex(bytes);
  if (index.ok) return toContent(index.value.manifests);
  if (!parseManifest(bytes).ok) throw protocolError(store.name, `holds neither a manifest nor an index under ${digest}`);
  return { kind: "manifest" };
}

/** A registry's answer is told apart by its bytes; a layout goes by what its own index calls it, which whoever made the layout wrote. */
function saysWhatItIs({ mediaType }: Resolved, isRegistry: boolean): boolean {
  return isRegistry && !isIndexMediaType(mediaType);
}

function toContent(named: readonly Descriptor[]): Content {
  return { kind: "index", digests: [...new Set(named.map(({ digest }) => digest))] };
}

function protocolError(store: string, what: string): StoreError {
  return new StoreError({ class: "ProtocolError", message: `${describeObject("Store", store)} ${what}` });
}
